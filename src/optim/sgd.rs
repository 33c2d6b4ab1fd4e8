//! Plain gradient descent, with momentum if asked for.

use super::schedule::{Schedule, constant};
use super::{Pull, State};
use crate::base::options::Span;
use crate::options;
use crate::tensor::Real;

options! {
    /// Gradient descent. With the gradient g: v = momentum v + g, p -= rate v; with `nesterov`
    /// p -= rate (g + momentum v).
    ///
    /// Source: Sutskever, Martens, Dahl & Hinton 2013, in PyTorch's form (the rate outside v).
    pub struct Sgd for "optim::sgd" {
        /// Learning rate, a number or a schedule.
        rate: Schedule = constant(0.01);
        /// How much of the velocity is kept each step.
        momentum: f64 = 0.0, in Span::between(0.0, 1.0);
        /// Look ahead along the velocity.
        nesterov: bool = false;
    }
}

impl Sgd {
    /// One step from `params` into `next`; true if all numbers stayed finite.
    pub(super) fn step<T: Real>(
        &self,
        state: &mut State<T>,
        params: &[T],
        gradient: &[T],
        next: &mut [T],
        pull: &Pull,
    ) -> bool {
        let (scale, decay) = (T::of(pull.scale), T::of(2.0 * pull.l2));
        let (rate, momentum) = (T::of(pull.rate), T::of(self.momentum));
        let ahead = T::of(if self.nesterov { self.momentum } else { 1.0 });
        let straight = T::of(if self.nesterov { 1.0 } else { 0.0 });
        let velocity = &mut state.mean;
        let n = params.len();
        assert!(gradient.len() == n && next.len() == n && velocity.len() == n);
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut broken = false;
                for k in 0..n {
                    let g = scale * (gradient[k] + decay * params[k]);
                    let v = momentum * velocity[k] + g;
                    velocity[k] = v;
                    let p = params[k] - rate * (straight * g + ahead * v);
                    next[k] = p;
                    broken |= !(p.is_finite() & v.is_finite());
                }
                !broken
            },
        )
    }
}

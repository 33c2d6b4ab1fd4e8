//! Gradient descent with optional momentum.

use super::schedule::{Schedule, constant};
use super::update::StepArrays;
use super::{Moments, StepScale};
use crate::base::options::Span;
use crate::options;
use crate::tensor::Real;

options! {
    /// Gradient descent. With the gradient g: v = momentum v + g, p -= lr v; with `nesterov`
    /// p -= lr (g + momentum v).
    ///
    /// Source: Sutskever, Martens, Dahl & Hinton 2013, in PyTorch's form (the rate is not part of
    /// v).
    pub struct Sgd for "optim::sgd" {
        /// Learning rate, a number or a schedule.
        lr: Schedule = constant(0.01);
        /// Momentum: decay rate per step of the velocity.
        momentum: f64 = 0.0, in Span::between(0.0, 1.0);
        /// Use Nesterov momentum.
        nesterov: bool = false;
    }
}

impl Sgd {
    /// Writes the parameters after one step to `arrays.next`; returns true if all values are
    /// finite.
    pub(super) fn step<T: Real>(
        &self,
        moments: &mut Moments<T>,
        arrays: StepArrays<'_, T>,
        step: &StepScale,
    ) -> bool {
        let (lr, momentum) = (T::of(step.lr), T::of(self.momentum));
        let velocity_weight = T::of(if self.nesterov { self.momentum } else { 1.0 });
        let gradient_weight = T::of(if self.nesterov { 1.0 } else { 0.0 });
        let velocity = &mut moments.mean[..arrays.params.len()];
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                arrays.update(
                    step,
                    #[inline(always)]
                    |k, p, g| {
                        let v = momentum * velocity[k] + g;
                        velocity[k] = v;
                        (p - lr * (gradient_weight * g + velocity_weight * v), v)
                    },
                )
            },
        )
    }
}

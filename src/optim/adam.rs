//! Adam: steps measured by running means of the gradient and of its square.

use super::schedule::{Schedule, constant};
use super::{Pull, State};
use crate::base::options::Span;
use crate::options;
use crate::tensor::Real;

options! {
    /// Adam. With the gradient g at step k = 1, 2, ...:
    ///
    /// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
    /// p -= rate m / (1 - b1^k) / (sqrt(v / (1 - b2^k)) + epsilon).
    ///
    /// Epsilon stands outside the root. With `amsgrad` the largest v so far takes the place of v.
    ///
    /// Source: Kingma & Ba 2015, algorithm 1; Reddi, Kale & Kumar 2018 for `amsgrad`, its bias
    /// corrected as in PyTorch; Loshchilov & Hutter 2019 for `decay`.
    pub struct Adam for "optim::adam" {
        /// Learning rate, a number or a schedule.
        rate: Schedule = constant(0.001);
        /// How much of the running mean of the gradient is kept each step.
        b1: f64 = 0.9, in BELOW_ONE;
        /// How much of the running mean of the squared gradient is kept each step.
        b2: f64 = 0.999, in BELOW_ONE;
        /// Added to the root of the mean square: large values make steps like plain descent.
        epsilon: f64 = 1e-8, in Span::from(0.0);
        /// Divide by the largest mean square so far instead of the present one.
        amsgrad: bool = false;
        /// Weight decay apart from the gradient: p -= rate * decay * p before each step.
        decay: f64 = 0.0, in Span::from(0.0);
    }
}

/// At 1 a mean would never move, and its bias correction would divide by zero.
const BELOW_ONE: Span = Span::between(0.0, 1.0 - f64::EPSILON);

/// The numbers of one step that all parameters share.
struct Factors<T> {
    /// The gradient is scale * (g + pull p).
    scale: T,
    pull: T,
    keep: T,
    b1: T,
    b1_rest: T,
    b2: T,
    b2_rest: T,
    /// rate / (1 - b1^k)
    rate: T,
    /// 1 / (1 - b2^k)
    correction: T,
    epsilon: T,
}

impl Adam {
    /// One step from `params` into `next`; true if all numbers stayed finite.
    pub(super) fn step<T: Real>(
        &self,
        state: &mut State<T>,
        params: &[T],
        gradient: &[T],
        next: &mut [T],
        pull: &Pull,
    ) -> bool {
        let f = self.factors(state.steps + 1, pull);
        let State {
            mean, square, peak, ..
        } = state;
        let rows = Rows {
            params,
            gradient,
            next,
            mean,
            square,
            peak,
        };
        // Two loops, neither with a branch inside: only so do they become vector code.
        match self.amsgrad {
            true => pulp::Arch::new().dispatch(
                #[inline(always)]
                || rows.step::<true>(&f),
            ),
            false => pulp::Arch::new().dispatch(
                #[inline(always)]
                || rows.step::<false>(&f),
            ),
        }
    }

    fn factors<T: Real>(&self, k: usize, pull: &Pull) -> Factors<T> {
        Factors {
            scale: T::of(pull.scale),
            pull: T::of(2.0 * pull.l2),
            keep: T::of(1.0 - pull.rate * self.decay),
            b1: T::of(self.b1),
            b1_rest: T::of(1.0 - self.b1),
            b2: T::of(self.b2),
            b2_rest: T::of(1.0 - self.b2),
            rate: T::of(pull.rate / (1.0 - self.b1.powf(k as f64))),
            correction: T::of(1.0 / (1.0 - self.b2.powf(k as f64))),
            epsilon: T::of(self.epsilon),
        }
    }
}

/// The arrays of one step, all of one length; `peak` is empty without amsgrad.
struct Rows<'a, T> {
    params: &'a [T],
    gradient: &'a [T],
    next: &'a mut [T],
    mean: &'a mut [T],
    square: &'a mut [T],
    peak: &'a mut [T],
}

impl<T: Real> Rows<'_, T> {
    /// True if all numbers stayed finite.
    #[inline(always)]
    fn step<const AMSGRAD: bool>(self, f: &Factors<T>) -> bool {
        let n = self.params.len();
        let (params, gradient) = (&self.params[..n], &self.gradient[..n]);
        let (next, mean) = (&mut self.next[..n], &mut self.mean[..n]);
        let square = &mut self.square[..n];
        let peak = &mut self.peak[..if AMSGRAD { n } else { 0 }];
        let mut broken = false;
        for k in 0..n {
            let p = params[k];
            let g = f.scale * (gradient[k] + f.pull * p);
            let m = f.b1 * mean[k] + f.b1_rest * g;
            let mut v = f.b2 * square[k] + f.b2_rest * g * g;
            (mean[k], square[k]) = (m, v);
            if AMSGRAD {
                v = if v > peak[k] { v } else { peak[k] };
                peak[k] = v;
            }
            let p = f.keep * p - f.rate * m / (T::sqrt(f.correction * v) + f.epsilon);
            next[k] = p;
            broken |= !(p.is_finite() & v.is_finite());
        }
        !broken
    }
}

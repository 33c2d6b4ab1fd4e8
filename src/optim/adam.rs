//! Adam: steps scaled by running means of the gradient and of its square.

use super::schedule::{Schedule, constant};
use super::{Moments, StepScale};
use crate::base::options::Span;
use crate::options;
use crate::tensor::Real;

options! {
    /// Adam. With the gradient g at step k = 1, 2, ...:
    ///
    /// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
    /// p -= lr m / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + epsilon).
    ///
    /// Epsilon is added outside the square root. With `amsgrad` the maximum of v over all steps
    /// replaces v.
    ///
    /// Source: Kingma & Ba 2015, algorithm 1; Reddi, Kale & Kumar 2018 for `amsgrad`, with the
    /// bias correction of PyTorch; Loshchilov & Hutter 2019 for `weight_decay`.
    pub struct Adam for "optim::adam" {
        /// Learning rate, a number or a schedule.
        lr: Schedule = constant(0.001);
        /// Decay rate per step of the running mean of the gradient.
        beta1: f64 = 0.9, in BELOW_ONE;
        /// Decay rate per step of the running mean of the squared gradient.
        beta2: f64 = 0.999, in BELOW_ONE;
        /// Constant added to the root of the mean square; large values approach gradient descent.
        epsilon: f64 = 1e-8, in Span::at_least(0.0);
        /// Divide by the maximum of the mean square over all steps instead of the current one.
        amsgrad: bool = false;
        /// Decoupled weight decay: p -= lr * weight_decay * p before each step.
        weight_decay: f64 = 0.0, in Span::at_least(0.0);
    }
}

/// A decay rate of 1 would freeze the running mean, and its bias correction would divide by zero.
const BELOW_ONE: Span = Span::between(0.0, 1.0 - f64::EPSILON);

/// The coefficients of one step.
struct Coefficients<T> {
    /// The gradient is scale * (g + l2_gradient p).
    scale: T,
    l2_gradient: T,
    decay_factor: T,
    beta1: T,
    one_minus_beta1: T,
    beta2: T,
    one_minus_beta2: T,
    /// lr / (1 - beta1^k)
    lr: T,
    /// 1 / (1 - beta2^k)
    correction: T,
    epsilon: T,
}

impl Adam {
    /// Writes the parameters after one step to `next`; returns true if all values are finite.
    pub(super) fn step<T: Real>(
        &self,
        moments: &mut Moments<T>,
        params: &[T],
        gradient: &[T],
        next: &mut [T],
        step: &StepScale,
    ) -> bool {
        let f = self.coefficients(moments.steps + 1, step);
        let Moments {
            mean,
            mean_square,
            max_mean_square,
            ..
        } = moments;
        let arrays = Arrays {
            params,
            gradient,
            next,
            mean,
            mean_square,
            max_mean_square,
        };
        // Two loops without branches: a branch would prevent vectorization.
        match self.amsgrad {
            true => pulp::Arch::new().dispatch(
                #[inline(always)]
                || arrays.step::<true>(&f),
            ),
            false => pulp::Arch::new().dispatch(
                #[inline(always)]
                || arrays.step::<false>(&f),
            ),
        }
    }

    fn coefficients<T: Real>(&self, k: usize, step: &StepScale) -> Coefficients<T> {
        Coefficients {
            scale: T::of(step.scale),
            l2_gradient: T::of(2.0 * step.l2),
            decay_factor: T::of(1.0 - step.lr * self.weight_decay),
            beta1: T::of(self.beta1),
            one_minus_beta1: T::of(1.0 - self.beta1),
            beta2: T::of(self.beta2),
            one_minus_beta2: T::of(1.0 - self.beta2),
            lr: T::of(step.lr / (1.0 - self.beta1.powf(k as f64))),
            correction: T::of(1.0 / (1.0 - self.beta2.powf(k as f64))),
            epsilon: T::of(self.epsilon),
        }
    }
}

/// The arrays of one step, all of the same length; `max_mean_square` is empty without amsgrad.
struct Arrays<'a, T> {
    params: &'a [T],
    gradient: &'a [T],
    next: &'a mut [T],
    mean: &'a mut [T],
    mean_square: &'a mut [T],
    max_mean_square: &'a mut [T],
}

impl<T: Real> Arrays<'_, T> {
    /// Returns true if all values are finite.
    #[inline(always)]
    fn step<const AMSGRAD: bool>(self, f: &Coefficients<T>) -> bool {
        let n = self.params.len();
        let (params, gradient) = (&self.params[..n], &self.gradient[..n]);
        let (next, mean) = (&mut self.next[..n], &mut self.mean[..n]);
        let mean_square = &mut self.mean_square[..n];
        let max_mean_square = &mut self.max_mean_square[..if AMSGRAD { n } else { 0 }];
        let mut non_finite = false;
        for k in 0..n {
            let p = params[k];
            let g = f.scale * (gradient[k] + f.l2_gradient * p);
            let m = f.beta1 * mean[k] + f.one_minus_beta1 * g;
            let mut v = f.beta2 * mean_square[k] + f.one_minus_beta2 * g * g;
            (mean[k], mean_square[k]) = (m, v);
            if AMSGRAD {
                v = if v > max_mean_square[k] {
                    v
                } else {
                    max_mean_square[k]
                };
                max_mean_square[k] = v;
            }
            let p = f.decay_factor * p - f.lr * m / (T::sqrt(f.correction * v) + f.epsilon);
            next[k] = p;
            non_finite |= !(p.is_finite() & v.is_finite());
        }
        !non_finite
    }
}

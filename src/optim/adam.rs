//! Adam: steps scaled by running means of the gradient and of its square.

use super::schedule::{Schedule, constant};
use super::update::StepArrays;
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
    /// Writes the parameters after one step to `arrays.next`; returns true if all values are
    /// finite.
    pub(super) fn step<T: Real>(
        &self,
        moments: &mut Moments<T>,
        arrays: StepArrays<'_, T>,
        step: &StepScale,
    ) -> bool {
        let f = self.coefficients(moments.steps + 1, step);
        // Two loops without branches: a branch would prevent vectorization.
        match self.amsgrad {
            true => pulp::Arch::new().dispatch(
                #[inline(always)]
                || update::<T, true>(moments, arrays, step, &f),
            ),
            false => pulp::Arch::new().dispatch(
                #[inline(always)]
                || update::<T, false>(moments, arrays, step, &f),
            ),
        }
    }

    fn coefficients<T: Real>(&self, k: usize, step: &StepScale) -> Coefficients<T> {
        Coefficients {
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

#[inline(always)]
fn update<T: Real, const AMSGRAD: bool>(
    moments: &mut Moments<T>,
    arrays: StepArrays<'_, T>,
    step: &StepScale,
    f: &Coefficients<T>,
) -> bool {
    let n = arrays.params.len();
    let (mean, mean_square) = (&mut moments.mean[..n], &mut moments.mean_square[..n]);
    let max_mean_square = &mut moments.max_mean_square[..if AMSGRAD { n } else { 0 }];
    arrays.update(
        step,
        #[inline(always)]
        |k, p, g| {
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
            (p, v)
        },
    )
}

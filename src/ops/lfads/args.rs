//! Arguments and results of a call.

use super::Sizes;
use crate::ops::parallel::split_front;

/// Constants of the equations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants<T> {
    /// Minimum variance, added to every posterior variance.
    pub var_min: T,
    /// Weight of the KL divergences in the loss.
    pub kl_weight: T,
}

/// Inputs of a run.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, T> {
    /// Parameters in the order of [`super::layout()`].
    pub params: &'a [T],
    /// x [b, t, d]
    pub observed: &'a [T],
    pub noise: Noise<'a, T>,
    pub constants: Constants<T>,
}

/// Standard normals for the samples (zero if absent) and dropout factors (1 if absent).
#[derive(Debug, Clone, Copy)]
pub struct Noise<'a, T> {
    /// Normals of g_0, [b, g].
    pub initial: Option<&'a [T]>,
    /// Normals of u, [b, t, u].
    pub inferred: Option<&'a [T]>,
    /// Normals of the second sample of u, at which the KL divergence is evaluated, [b, t, u].
    pub kl_sample: Option<&'a [T]>,
    /// Factors of x as the input of the encoders, [b, t, d].
    pub dropout_observed: Option<&'a [T]>,
    /// Factors of e_t, [b, t, 2 e].
    pub dropout_encoded: Option<&'a [T]>,
    /// Factors of the final encoder states, reverse encoder first, [b, 2 e].
    pub dropout_final: Option<&'a [T]>,
    /// Factors of g_t, [b, t, g].
    pub dropout_generator: Option<&'a [T]>,
}

impl<T> Default for Noise<'_, T> {
    fn default() -> Self {
        Noise {
            initial: None,
            inferred: None,
            kl_sample: None,
            dropout_observed: None,
            dropout_encoded: None,
            dropout_final: None,
            dropout_generator: None,
        }
    }
}

/// Buffers for the results; an empty buffer means that the result is not requested.
#[derive(Debug)]
pub struct Results<'a, T> {
    /// [b, t, d]; the means if observations are Gaussian.
    pub log_rates: &'a mut [T],
    /// [b, t, k]
    pub factors: &'a mut [T],
    /// g_t [b, t, g]
    pub generator: &'a mut [T],
    /// c_t [b, t, c]
    pub controller: &'a mut [T],
    /// The sample of u that the generator receives, [b, t, u].
    pub inferred: &'a mut [T],
    /// [b, t, 2 u]: means, then log-variances.
    pub inferred_posterior: &'a mut [T],
    /// g_0 [b, g]
    pub initial: &'a mut [T],
    /// [b, 2 g]: means, then log-variances.
    pub initial_posterior: &'a mut [T],
}

impl<T> Default for Results<'_, T> {
    fn default() -> Self {
        Results {
            log_rates: &mut [],
            factors: &mut [],
            generator: &mut [],
            controller: &mut [],
            inferred: &mut [],
            inferred_posterior: &mut [],
            initial: &mut [],
            initial_posterior: &mut [],
        }
    }
}

/// Terms of the loss, averaged over trials.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Losses {
    /// Negative log-likelihood.
    pub nll: f64,
    /// KL divergence of g_0 from its prior.
    pub kl_initial: f64,
    /// KL divergence of u from its prior, estimated at one sample.
    pub kl_inferred: f64,
}

impl<'a, T> Results<'a, T> {
    /// Splits the results of the first trials off.
    pub(super) fn split_front(&mut self, s: Sizes, trials: usize) -> Results<'a, T> {
        let steps = trials * s.time;
        Results {
            log_rates: split_front(&mut self.log_rates, steps * s.channels),
            factors: split_front(&mut self.factors, steps * s.factors),
            generator: split_front(&mut self.generator, steps * s.generator),
            controller: split_front(&mut self.controller, steps * s.controller),
            inferred: split_front(&mut self.inferred, steps * s.inferred),
            inferred_posterior: split_front(&mut self.inferred_posterior, steps * 2 * s.inferred),
            initial: split_front(&mut self.initial, trials * s.generator),
            initial_posterior: split_front(&mut self.initial_posterior, trials * 2 * s.generator),
        }
    }
}

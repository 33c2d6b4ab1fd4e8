//! The KL warm-up: the weight of the KL divergences increases during training.

use crate::base::options::Span;
use crate::options;

options! {
    /// Options of the KL warm-up.
    pub struct WarmUp for "lfads::train" {
        /// Factor of the sum of both KL divergences (of the initial condition and of the inferred
        /// inputs, from their priors) in the loss before batch `kl_ramp_start`.
        kl_weight_start: f64 = 0.01, in Span::at_least(0.0);
        /// Factor of the same sum from batch `kl_ramp_end` on, and in every validation. Between the
        /// two batches the factor changes linearly.
        kl_weight_end: f64 = 1.0, in Span::at_least(0.0);
        /// Batch, counted from 0, at which the linear ramp of the factor begins.
        kl_ramp_start: usize = 500;
        /// Batch at which the ramp ends.
        kl_ramp_end: usize = 1000;
    }
}

impl WarmUp {
    /// The weight of the KL divergences in the batch with index `at`.
    pub fn kl_weight(&self, at: usize) -> f64 {
        let span = self.kl_ramp_end.saturating_sub(self.kl_ramp_start).max(1) as f64;
        let elapsed = at.saturating_sub(self.kl_ramp_start) as f64;
        let part = (elapsed / span).min(1.0);
        self.kl_weight_start + part * (self.kl_weight_end - self.kl_weight_start)
    }
}

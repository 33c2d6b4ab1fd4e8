//! Evaluation of a model on observations.

use super::{Model, ObservedTrials, Workspace};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::lfads::Losses;
use crate::train::{Model as _, Trials};

/// The batch size of evaluation.
pub(super) const BATCH: usize = 128;

impl<T: Lanes> Model<T> {
    /// The parts of the validation loss.
    pub fn evaluate(&self, observed: &ObservedTrials<T>) -> Result<Losses> {
        let mut work = Workspace::default();
        let mut trials = Trials {
            trials: 0,
            time: observed.time,
            inputs: Vec::new(),
            targets: Vec::new(),
            mask: None,
            lengths: None,
        };
        let mut mean = Losses::default();
        let chunks = observed
            .values
            .chunks(BATCH * observed.time * self.sizes.channels);
        for values in chunks {
            trials.trials = values.len() / observed.time / self.sizes.channels;
            trials.inputs.clear();
            trials.inputs.extend_from_slice(values);
            self.loss(&mut work, &trials, None)?;
            let fraction = trials.trials as f64 / observed.trials as f64;
            let losses = work.losses();
            mean.nll += fraction * losses.nll;
            mean.kl_initial += fraction * losses.kl_initial;
            mean.kl_inferred += fraction * losses.kl_inferred;
        }
        Ok(mean)
    }

    /// The sum of the log-factorials of the counts, mean over trials; 0 for Gaussian observations.
    pub fn log_factorials(&self, observed: &ObservedTrials<T>) -> f64 {
        if self.sizes.gaussian {
            return 0.0;
        }
        let sum: f64 = observed
            .values
            .iter()
            .map(|x| libm::lgamma(x.double() + 1.0))
            .sum();
        sum / observed.trials as f64
    }
}

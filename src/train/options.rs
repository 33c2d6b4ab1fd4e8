//! Options of training.

use std::path::PathBuf;

use super::{L2, ParamMasks, ParamNames};
use crate::base::options::Span;
use crate::optim::{Optimizer, adam};
use crate::random::{Key, Seed};
use crate::{choices, options};

choices! {
    /// Which parameters the network has after training with validation.
    pub enum Restore {
        /// Those with the lowest validation loss.
        #[default]
        Best = "best",
        /// Those after the last batch.
        Last = "last",
    }
}

options! {
    /// Options of training. The loss of the model is increased by l2 * the sum of squares of all
    /// trained parameters, including biases and initial states.
    pub struct Options for "train" {
        /// Number of batches to train on. A task generates new trials for each batch; a data set is
        /// visited epoch by epoch.
        batches: usize = 1000, in Span::at_least(1.0);
        /// Batch size: number of trials per batch.
        batch_size: usize = 128, in Span::at_least(1.0);
        /// Largest global norm of the gradient of the whole loss, including the penalty. A gradient
        /// with a larger norm is scaled down to it. Without a value the gradient is not clipped.
        clip_norm: Option<f64> = None, in Span::above(0.0);
        /// Weight of the sum of squares of all trained parameters in the loss: a number, or a map
        /// from names of parameters to numbers, with 0 for all other parameters.
        l2: L2 = L2::default();
        /// Names of the parameters that training does not change.
        freeze: ParamNames = ParamNames::default();
        /// Names of the parameters that training changes; all others are frozen.
        trainable: ParamNames = ParamNames::default(), default "all parameters";
        /// Masks by name of the parameter, tensors of its shape with values 0 and 1. Where a mask
        /// is 0, the parameter is set to 0 at the start and stays 0.
        masks: ParamMasks = ParamMasks::default();
        /// Optimizer that updates the parameters.
        optimizer: Optimizer = adam();
        /// Seed of the trials. Before each batch its key is split into two keys: the first is
        /// carried forward, the second generates the batch.
        seed: Seed = Seed::default();
        /// Number of batches between log entries.
        log_every: usize = 100, in Span::at_least(1.0);
        /// Number of batches between validations.
        validate_every: Option<usize> = None, default "log_every", in Span::at_least(1.0);
        /// Early stopping: training ends after this many consecutive validations without a lower
        /// validation loss.
        patience: Option<usize> = None, in Span::at_least(1.0);
        /// Which parameters the network has after training with validation: "best", those with the
        /// lowest validation loss, or "last", those after the last batch.
        restore: Restore = Restore::Best;
        /// Checkpoint file. The run is saved to it at intervals, and a run that was stopped or
        /// killed resumes from it when it is started again.
        checkpoint: Option<PathBuf> = None;
        /// Number of batches between writes of the checkpoint. It is also written at the end.
        checkpoint_every: usize = 1000, in Span::at_least(1.0);
        /// Resume from the checkpoint if the file exists; if false, a new run replaces it.
        resume: bool = true;
    }
}

impl Options {
    /// The key at the start of the run.
    pub fn initial_key(&self) -> Key {
        self.seed.key()
    }

    /// Whether an action with interval `every` is due after the batch with index `at`, from 0.
    /// Every action is due after the last batch.
    pub(super) fn is_due(&self, every: usize, at: usize) -> bool {
        at.is_multiple_of(every) || at + 1 == self.batches
    }

    /// The number of batches between validations.
    pub(super) fn validation_interval(&self) -> usize {
        self.validate_every.unwrap_or(self.log_every)
    }
}

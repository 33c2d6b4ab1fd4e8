//! How a network is trained.

use std::path::PathBuf;

use crate::base::options::Span;
use crate::optim::{Optimizer, adam};
use crate::random::{Key, Layout};
use crate::{choices, options};

choices! {
    /// Which parameters a network has after a run with validation.
    pub enum Keep {
        /// Those with the lowest validation loss.
        #[default]
        Best = "best",
        /// Those after the last batch.
        Last = "last",
    }
}

options! {
    /// How a network is trained. The loss is the mean of (output - target)^2 plus
    /// l2 * the sum of squares of all parameters, biases and first state included.
    pub struct Options for "train" {
        /// Batches to train on, each of new trials.
        batches: usize = 1000, in Span::from(1.0);
        /// Trials in a batch.
        batch: usize = 128, in Span::from(1.0);
        /// Largest global norm of the gradient (of the whole loss, penalty included): a longer one
        /// is scaled down to it. No limit without it.
        clip: Option<f64> = None, in Span::above(0.0);
        /// Weight of the sum of squares of all parameters in the loss.
        l2: f64 = 0.0, in Span::from(0.0);
        /// How the parameters are moved.
        optimizer: Optimizer = adam();
        /// Seed of the trials.
        seed: usize = 0;
        /// Key of the trials, in place of a seed: each batch is made from the second half of a
        /// split of it, and the first half goes on.
        key: Option<Key> = None;
        /// Batches from one line of the log to the next.
        log_every: usize = 100, in Span::from(1.0);
        /// Batches from one validation to the next; as `log_every` without it.
        validate_every: Option<usize> = None, in Span::from(1.0);
        /// Ends the run once the validation loss has not become lower this many times in a row.
        patience: Option<usize> = None, in Span::from(1.0);
        /// With validation: whether the network ends with its best parameters, those of the lowest
        /// validation loss, or with the last ones.
        keep: Keep = Keep::Best;
        /// A file in which the run is kept as it goes, from which a run that was stopped, or
        /// killed, goes on when it is started again.
        checkpoint: Option<PathBuf> = None;
        /// Batches from one writing of the checkpoint to the next; it is written at the end too.
        checkpoint_every: usize = 1000, in Span::from(1.0);
        /// Go on from the checkpoint if the file is there; else a new run takes its place.
        resume: bool = true;
    }
}

impl Options {
    /// The key that the run begins with.
    pub fn first_key(&self) -> Key {
        self.key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()))
    }

    /// Whether the batch numbered `at`, from 0, is one of every `every`-th, or the last.
    pub(super) fn due(&self, every: usize, at: usize) -> bool {
        at.is_multiple_of(every) || at + 1 == self.batches
    }

    /// Batches from one validation to the next.
    pub(super) fn between_validations(&self) -> usize {
        self.validate_every.unwrap_or(self.log_every)
    }
}

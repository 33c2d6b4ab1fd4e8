//! The training log and the result of a training run.

use std::ops::ControlFlow;

use super::LossTerms;
use crate::base::{Outcome, Result};

/// One entry of the training log. The losses are measured on the batch of the update, after the
/// update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogEntry {
    /// The index of the batch, from 0.
    pub batch: usize,
    /// [`LogEntry::unpenalized`] plus the l2 penalty.
    pub loss: f64,
    /// The loss without the l2 penalty; for a network, the mean squared error by default.
    pub unpenalized: f64,
    /// The learning rate of the update.
    pub lr: f64,
    /// The global norm of the loss gradient before the update and before clipping.
    pub grad_norm: f64,
    /// The latest validation loss, if validation is enabled.
    pub validation: Option<f64>,
    /// The terms of the loss and of the validation loss, if the loss has several.
    pub terms: Option<LossTerms>,
    pub validation_terms: Option<LossTerms>,
}

/// The result of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The reason why the run ended.
    pub outcome: Outcome,
    /// The number of updates, including those of the checkpoint.
    pub batches: usize,
    /// One entry per `log_every` batches, and one for the last batch, also after an early stop.
    pub log: Vec<LogEntry>,
    /// The lowest validation loss, if validation is enabled.
    pub best: Option<Best>,
    /// The number of updates loaded from a checkpoint.
    pub resumed_batches: usize,
    /// The reason why the final state is not in the checkpoint, if it is not.
    pub checkpoint_error: Option<String>,
}

/// The lowest validation loss of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// The index of the batch after which it was measured.
    pub batch: usize,
    pub loss: f64,
}

/// A callback for each log entry, with the current network. It can end the run.
pub type OnLog<'a, M> = dyn FnMut(&LogEntry, &M) -> Result<ControlFlow<()>> + 'a;

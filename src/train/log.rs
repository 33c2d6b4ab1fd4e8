//! What is told of a run: its lines while it goes on, its fit at the end.

use std::ops::ControlFlow;

use super::Parts;
use crate::base::{Outcome, Result};

/// One line of the log: what a batch came to. The losses are those after the update, on the same
/// batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Log {
    /// Batches before this one.
    pub batch: usize,
    /// [`Log::mse`] plus penalty.
    pub loss: f64,
    /// The loss without penalty: of a network, its mean squared error.
    pub mse: f64,
    /// Learning rate of the update.
    pub rate: f64,
    /// Global norm of the gradient of the loss before the update, before it was clipped.
    pub grad_norm: f64,
    /// The newest validation loss, if there is validation.
    pub validation: Option<f64>,
    /// What the loss without penalty, and that of the validation, are made of, if the model says.
    pub parts: Option<Parts>,
    pub validation_parts: Option<Parts>,
}

/// How a training run went.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// How the run ended.
    pub outcome: Outcome,
    /// Updates made, those of the checkpoint included.
    pub batches: usize,
    /// Every `log_every`-th batch, and the last one.
    pub log: Vec<Log>,
    /// The lowest validation loss, if there was validation.
    pub best: Option<Best>,
    /// Updates that came from a checkpoint.
    pub resumed: usize,
    /// Why the end of the run is not in its checkpoint, if it is not.
    pub unsaved: Option<String>,
}

/// The lowest validation loss of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Batches before the one after which it was measured.
    pub batch: usize,
    pub loss: f64,
}

/// What is called with each line of the log and the network as it then is; it may end the run.
pub type OnLog<'a, M> = dyn FnMut(&Log, &M) -> Result<ControlFlow<()>> + 'a;

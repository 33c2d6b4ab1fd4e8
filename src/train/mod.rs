//! Training: a task generates batches, a network computes its loss and gradient, an optimizer
//! updates the parameters, validation selects the best ones, a log records progress, and a
//! checkpoint stores the run.

mod checkpoint;
mod checkpoint_format;
mod fingerprint;
mod log;
mod model;
mod options;
mod step;
pub mod task;
mod training_loop;
mod validation;

pub use checkpoint::KIND as CHECKPOINT_KIND;
pub(crate) use fingerprint::digest;
pub use log::{Best, Fit, LogEntry, OnLog};
pub use model::{Model, Parts};
pub use options::{Options, Restore};
pub use task::{BatchRequest, Shape, Task, Trials};
pub use training_loop::run;
pub use validation::sample_validation;

/// The source of the training and validation trials of a run.
pub struct Source<'a, T> {
    /// The task that generates training batches.
    pub task: &'a dyn Task<T>,
    /// Trials for validation. They are never used for training.
    pub validation: Option<&'a Trials<T>>,
}

impl<'a, T: crate::tensor::Real> Source<'a, T> {
    /// A source without validation.
    pub fn new(task: &'a dyn Task<T>) -> Source<'a, T> {
        Source {
            task,
            validation: None,
        }
    }
}

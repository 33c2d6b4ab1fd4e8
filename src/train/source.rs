//! The source of the trials of a training run.

use super::task::{Task, Trials};
use crate::tensor::Real;

/// The source of the training and validation trials of a run.
pub struct Source<'a, T> {
    /// The task that generates training batches.
    pub task: &'a dyn Task<T>,
    /// Trials for validation. They are never used for training.
    pub validation: Option<&'a Trials<T>>,
}

impl<'a, T: Real> Source<'a, T> {
    /// A source without validation.
    pub fn new(task: &'a dyn Task<T>) -> Source<'a, T> {
        Source {
            task,
            validation: None,
        }
    }
}

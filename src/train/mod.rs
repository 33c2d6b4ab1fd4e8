//! Training: a task gives batches, a network its loss and gradient, an optimizer moves the
//! parameters, validation judges them, a log says how it went, and a checkpoint keeps it all.

mod checkpoint;
mod descend;
mod kept;
mod log;
mod model;
mod options;
mod setting;
pub mod task;
mod training;
mod validation;

pub use descend::run;
pub use log::{Best, Fit, Log, OnLog};
pub use model::{Model, Parts};
pub use options::{Keep, Options};
pub(crate) use setting::digest;
pub use task::{Shape, Task, Trials, Turn};
pub use validation::held_out;

/// Where the trials of a run come from.
pub struct Source<'a, T> {
    /// Trained on.
    pub task: &'a dyn Task<T>,
    /// Judged on, and never trained on.
    pub validation: Option<&'a Trials<T>>,
}

impl<'a, T: crate::tensor::Real> Source<'a, T> {
    /// A task, without validation.
    pub fn of(task: &'a dyn Task<T>) -> Source<'a, T> {
        Source {
            task,
            validation: None,
        }
    }
}

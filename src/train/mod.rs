//! Training: a task gives batches, a network its loss and gradient, an optimizer moves the
//! parameters, and a log says how it went.

mod descend;
pub mod task;

pub use descend::{Fit, Log, OnLog, Options, run};
pub use task::{Shape, Task, Trials, Turn};

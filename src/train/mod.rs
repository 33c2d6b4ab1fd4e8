//! Training: a task generates batches, a network computes its loss and gradient, an optimizer
//! updates the parameters, validation selects the best ones, a log records progress, and a
//! checkpoint stores the run.

mod checkpoint;
mod checkpoint_format;
mod digest;
mod fingerprint;
mod log;
mod loss_terms;
mod model;
mod options;
mod param_options;
mod param_rules;
mod source;
mod step;
pub mod task;
mod training_loop;
mod validation;

pub use checkpoint::KIND as CHECKPOINT_KIND;
pub(crate) use digest::digest;
pub use log::{Best, Fit, LogEntry, OnLog};
pub use loss_terms::LossTerms;
pub use model::Model;
pub use options::{Options, Restore};
pub use param_options::{L2, ParamMasks, ParamNames};
pub use source::Source;
pub use task::{BatchRequest, Shape, Task, Trials};
pub use training_loop::run;
pub use validation::sample_validation;

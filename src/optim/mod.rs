//! Optimizers over one flat parameter array: Adam and gradient descent, gradient clipping and
//! learning-rate schedules.
//!
//! [`Optimizer`] is the configuration; [`OptimizerState`] applies it. Its buffers are allocated
//! once, and a step is two passes over memory ([`norms()`], [`OptimizerState::step`]).

mod adam;
mod display;
mod moments;
mod named_state;
mod norms;
mod optimizer;
mod schedule;
mod sgd;
mod state;
mod update;

pub use adam::Adam;
pub use moments::{Moments, StepScale};
pub use named_state::{NamedState, StepArgs};
pub use norms::{Norms, clip_scale, norms};
pub use optimizer::{Optimizer, adam};
pub use schedule::{Cosine, MultiStep, Plateau, PlateauState, Schedule, constant};
pub use sgd::Sgd;
pub use state::OptimizerState;

//! Optimizers over one flat parameter array: Adam and gradient descent, gradient clipping and
//! learning-rate schedules.
//!
//! [`Optimizer`] is the configuration; [`OptimizerState`] applies it. Its buffers are allocated
//! once, and a step is two passes over memory ([`norms()`], [`OptimizerState::step`]).

mod adam;
mod display;
mod norms;
mod schedule;
mod sgd;
mod state;

pub use adam::Adam;
pub use norms::{Norms, clip_scale, norms};
pub use schedule::{Cosine, MultiStep, Plateau, PlateauState, Schedule, constant};
pub use sgd::Sgd;
pub use state::{Moments, OptimizerState, StepScale};

use crate::base::Result;
use crate::base::options::Options;

/// An optimization method with its options.
#[derive(Clone)]
pub enum Optimizer {
    Adam(Adam),
    Sgd(Sgd),
}

impl Optimizer {
    /// The schedule of the learning rate.
    pub fn schedule(&self) -> &Schedule {
        match self {
            Optimizer::Adam(adam) => &adam.lr,
            Optimizer::Sgd(sgd) => &sgd.lr,
        }
    }

    /// Errors: `Range` if a value is out of range.
    pub fn check(&mut self) -> Result<()> {
        match self {
            Optimizer::Adam(adam) => adam.check(),
            Optimizer::Sgd(sgd) => sgd.check(),
        }?;
        self.schedule().clone().check()
    }
}

/// Adam with the default options: lr 0.001, epsilon 1e-8.
pub fn adam() -> Optimizer {
    Optimizer::Adam(Adam::default())
}

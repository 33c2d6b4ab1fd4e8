//! How parameters move: Adam and gradient descent over one flat array, the clip of the gradient,
//! and schedules of the learning rate.
//!
//! [`Optimizer`] is the choice a user makes, [`Descent`] is that choice at work: its moments are
//! allocated once, and a step is two passes over memory ([`measure`], [`Descent::step`]).

mod adam;
mod descent;
mod measure;
mod schedule;
mod sgd;
mod words;

pub use adam::Adam;
pub use descent::{Descent, Pull, State};
pub use measure::{Measure, clip_scale, measure};
pub use schedule::{Cosine, MultiStep, Plateau, Schedule, Watch, constant};
pub use sgd::Sgd;

use crate::base::Result;
use crate::base::options::{Options, Setting, Slot};

/// A method of descent with its options.
#[derive(Clone)]
pub enum Optimizer {
    Adam(Adam),
    Sgd(Sgd),
}

impl Optimizer {
    /// The learning rate over the steps.
    pub fn schedule(&self) -> &Schedule {
        match self {
            Optimizer::Adam(adam) => &adam.rate,
            Optimizer::Sgd(sgd) => &sgd.rate,
        }
    }

    /// Errors: `Range` if a number is outside its span.
    pub fn check(&mut self) -> Result<()> {
        match self {
            Optimizer::Adam(adam) => adam.check(),
            Optimizer::Sgd(sgd) => sgd.check(),
        }?;
        self.schedule().clone().check()
    }
}

/// Adam as it comes: rate 0.001, epsilon 1e-8.
pub fn adam() -> Optimizer {
    Optimizer::Adam(Adam::default())
}

impl Setting for Optimizer {
    const KIND: &'static str = "optimizer";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

//! The configuration of an optimizer: the method with its options.

use super::{Adam, Schedule, Sgd};
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

//! Recurrent layers, each ONE operation over all times, forward and backward.

mod call;
pub mod nonlinearity;
pub mod vanilla;

pub use call::{Aim, Arriving, Given, Gradients, Sizes};
pub use nonlinearity::Nonlinearity;

//! Recurrent layers: ONE operation over all time steps, with its forward and backward pass.
//! `cells/` contains the cells with their equations and kernels (`cell.rs` defines the interface of
//! the kernels); `layers/` builds the operation from them.

mod args;
mod autograd;
pub mod cell;
pub mod cells;
mod layers;
mod loss;
pub mod nonlinearity;
mod shapes;
mod targets;

pub use args::{Cotangents, Gradients, Inputs, Sizes};
pub use autograd::states;
pub use cell::CellKernel;
pub use cells::Cell;
pub use layers::{Operation, suffix};
pub use loss::Loss;
pub use nonlinearity::Nonlinearity;
pub use shapes::Shapes;
pub use targets::Targets;

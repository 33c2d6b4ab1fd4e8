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

pub use args::{Cotangents, Gradients, Inputs, Sizes, Targets};
pub use autograd::states;
pub use cell::CellKernel;
pub use cells::Cell;
pub use layers::{Operation, suffix};
pub use loss::Loss;
pub use nonlinearity::Nonlinearity;
pub use shapes::Shapes;

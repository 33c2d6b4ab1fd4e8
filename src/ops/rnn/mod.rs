//! Recurrent layers: ONE operation over all time steps, with its forward and backward pass. The
//! folder of a cell documents its equation and contains its kernels (`cell.rs` defines their
//! interface); `layers/` builds the operation from them.

mod args;
mod autograd;
pub mod cell;
pub mod ctrnn;
pub mod gru;
pub mod gru_torch;
mod layers;
pub mod lstm;
pub mod nonlinearity;
mod shapes;
pub mod vanilla;

pub use args::{Cotangents, Gradients, Inputs, Sizes, Targets};
pub use autograd::{AuxInputs, DualPrecision, states};
pub use cell::CellKernel;
pub use layers::{Layers, Operation, layout, state_size, suffix};
pub use nonlinearity::Nonlinearity;
pub use shapes::Shapes;

//! Recurrent layers, ONE operation over all times, forward and backward. A cell's folder says what
//! its update means and holds its loops (`update.rs` says which); `layers/` makes the operation of
//! them.

mod call;
mod check;
pub mod ctrnn;
pub mod gru;
pub mod gru_torch;
mod layers;
pub mod lstm;
pub mod nonlinearity;
mod tensor;
pub mod update;
pub mod vanilla;

pub use call::{Aim, Arriving, Given, Gradients, Sizes};
pub use check::Expect;
pub use layers::{Layers, Operation, layout, state, suffix};
pub use nonlinearity::Nonlinearity;
pub use tensor::{Aside, Both, states};
pub use update::Update;

//! Networks: their parameters, how these begin, and how they are run.
//!
//! A network is plain data, so that it can be copied, saved and shared; what a run needs besides
//! stands in a [`Work`].

mod cell;
mod followed;
pub mod foreign;
mod network;
mod rnn;
mod vanilla;

pub use cell::Cell;
pub use network::{Network, Precision};
pub use rnn::{Drive, Rnn, Work};
pub use vanilla::Vanilla;

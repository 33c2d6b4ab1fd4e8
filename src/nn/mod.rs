//! Networks: their parameters, how these begin, and how they are run.
//!
//! A network is plain data, so that it can be copied, saved and shared; what a run needs besides
//! stands in a [`Work`].

mod cell;
mod custom;
mod dynamics;
mod flow;
mod followed;
pub mod foreign;
pub mod kept;
mod network;
mod options;
mod plan;
mod recipe;
mod rnn;

pub use cell::Cell;
pub use custom::{Custom, CustomRecipe, Named, Rule, Rules};
pub use dynamics::{Call, Dynamics};
pub use flow::Flow;
pub(crate) use network::whichever;
pub use network::{Network, Precision};
pub use options::{CtrnnOptions, GruOptions, Reset, VanillaOptions};
pub use plan::Plan;
pub use recipe::Recipe;
pub use rnn::{Drive, Rnn, Work};

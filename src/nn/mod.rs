//! Networks: parameters, initialization, runs and training.
//!
//! A network is plain data, so that it can be copied, saved and shared. The buffers of a run are in
//! a separate [`Workspace`].

mod autograd;
mod custom;
mod init;
pub mod interop;
pub mod metadata;
mod network;
mod rnn;
mod spec;
mod step_map;
mod training;
mod traits;

pub use crate::ops::rnn::Cell;
pub use custom::{Custom, CustomOptions, ParamMap, UserFn, UserFns};
pub use init::NetworkOptions;
pub(crate) use network::dispatch_network;
pub use network::{AnyCustom, AnyRnn, Network};
pub use rnn::{Rnn, Workspace};
pub use spec::Spec;
pub use step_map::StepMap;
pub use traits::{Dynamics, RunArgs};

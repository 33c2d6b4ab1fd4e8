//! Networks: parameters, initialization, runs and training.
//!
//! A network is plain data, so that it can be copied, saved and shared. The buffers of a run are in
//! a separate [`Workspace`].

mod autograd;
mod custom;
mod init;
pub mod interop;
mod memory;
pub mod metadata;
mod network;
mod objective;
mod parameter_table;
mod rnn;
mod rnn_loss;
mod spec;
mod step_map;
mod training;
mod traits;
mod with_objective;

pub use crate::ops::rnn::Cell;
pub use custom::{Custom, CustomOptions, ParamMap, UserFn, UserFns};
pub use init::NetworkOptions;
pub(crate) use network::dispatch_network;
pub use network::{AnyCustom, AnyRnn, Network};
pub use objective::{Activity, LossFunction, Objective, ObjectiveValue};
pub use parameter_table::{ParameterRow, parameter_table};
pub use rnn::{Rnn, Workspace};
pub use spec::Spec;
pub use step_map::StepMap;
pub use traits::{Dynamics, RunArgs};
pub use with_objective::WithObjective;

//! The FORCE network over all time steps of a sequence as one operation, with or without training
//! by recursive least squares (RLS).
//!
//! ```text
//! a' = a + r (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h      r = dt / tau
//! q = P h    s = 1 / (l + h . q)    P <- (P - s q q') / l    wO <- wO - s (z - f) q'
//! ```
//!
//! z is the output before the weight update, and z is the signal that is fed back.
//!
//! A time step reads wR once and one triangle of P once, so memory bandwidth limits its speed.
//! Threads divide both matrices, and each thread always works on the same part (see [`barrier`]).
//! Sums run over rows and over strips whose number depends only on the size of the network, so
//! results have the same bits for any number of threads.
//!
//! Source: Sussillo and Abbott 2009

mod args;
pub mod barrier;
mod contention;
mod leaky_tanh;
mod matrix;
mod network;
mod packed_symmetric;
mod pending;
mod rank1_updates;
mod recurrent_updates;
mod recurrent_weights;
mod rls;
mod run;
mod segment;
mod vector;
mod worker;

pub use args::{RecurrentTargets, Rls, RlsOptions, RunOutcome, Sequence};
pub use matrix::{Dense, Matrix};
pub use network::{Sizes, State, Weights, update_output};
pub use recurrent_updates::RecurrentUpdates;
pub use rls::{InverseCorrelation, InverseParts};
pub use run::run;
pub use vector::padded_len;

//! Layers of one cell with a linear readout over all time steps: ONE operation with its gradient.
//!
//! ```text
//! state'_l = F(state_l, x_l)      x_0 = input, x_(l+1) = y_l      o = wO y_last + bO
//! ```
//!
//! The batch is divided into slices of trials. One thread processes all layers and time steps of a
//! slice, so threads synchronize only at the end; `simd/partition.rs` documents the slice size and
//! why the results do not depend on it.

mod backward;
mod dims;
mod forward;
mod fused;
mod jacobians;
mod job;
mod layout;
mod operation;
mod output_loss;
mod packed_params;
mod slice;
mod slice_kernel;
mod weight_grads;

pub use fused::Layers;
pub use layout::{layout, suffix};
pub use operation::Operation;

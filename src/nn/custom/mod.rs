//! Networks whose step is a user function: h' = step(h, x, p) + noise, o = readout(h', p).
//! Gradients are computed by candle's autograd, one step at a time.

mod batch;
mod bptt;
mod init;
mod memory;
mod model;
mod network;
mod readout;
mod run;
mod tape;
mod time_steps;
pub(super) mod user_fn;

pub use init::CustomOptions;
pub use network::Custom;
pub use user_fn::{ParamMap, UserFn, UserFns};

//! The sequential autoencoder LFADS over all time steps of all trials as one operation: forward and
//! backward pass.
//!
//! ```text
//! e_t = [forward GRU over x, reverse GRU over x]                     encoders
//! g_0 ~ N(m, exp(v) + min),  [m; v] = initial [final states] + b     initial condition
//! c_t = GRU(c_(t-1), [e_t, f_(t-1)])                                 controller
//! u_t ~ N(m_t, exp(v_t) + min),  [m_t; v_t] = inferred c_t + b       inferred inputs
//! g_t = GRU(g_(t-1), u_t)    f_t = W g_t, rows of W with norm 1      generator, factors
//! log-rates_t = rates f_t + b
//! ```
//!
//! The loss is the negative log-likelihood of x (without log x!, which does not depend on the
//! parameters) plus the weighted KL divergences of both posteriors from their priors. The prior of
//! g_0 is N(mean, exp(logvar) + min). The prior of u is an autoregressive process, u_t = mean + phi
//! u_(t-1) + noise with phi = exp(-exp(-logtau)), whose log-density is evaluated at a second
//! sample. Without a controller the generator is autonomous.
//!
//! One thread computes all networks for a slice of trials, as in the recurrent layers. The GRU
//! kernels are those of the GRU operation.
//!
//! Source: Pandarinath and others 2018, as implemented in the tutorial (Sussillo 2019)

mod activations;
mod args;
mod backward;
mod forward;
mod inferred_kl;
mod job;
mod layout;
mod loss;
mod operation;
mod packed_params;
mod sizes;
mod slice;
mod slice_kernel;
mod weight_grads;

pub use args::{Constants, Inputs, Losses, Noise, Results};
pub use layout::layout;
pub use operation::Operation;
pub use sizes::Sizes;

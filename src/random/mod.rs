//! Random numbers without a hidden state: a [`Key`] says all, so the same key gives the same bits
//! whatever the number of threads and the processor.
//!
//! Keys, layouts and distributions are those of `jax.random` with its threefry-2x32 generator.
//! Inner loops are plain arrays of `LANES` that the compiler vectorises for the
//! instruction set found at run time.

mod draw;
mod fill;
mod key;
mod normal;
mod permute;
mod threefry;

pub use key::{Key, Layout};

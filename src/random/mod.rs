//! Random numbers without hidden state: a [`Key`] determines all bits, independently of the number
//! of threads and the processor.
//!
//! Keys, layouts and distributions match `jax.random` with its threefry-2x32 generator. The inner
//! loops process plain arrays of `LANES`, which the compiler vectorizes for the instruction set
//! detected at run time.

mod distributions;
mod fill;
mod key;
mod normal;
mod permute;
mod seed;
mod threefry;

pub use key::{Key, Layout};
pub use seed::Seed;

//! The training loop.

pub mod task;

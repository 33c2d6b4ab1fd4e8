//! Fused operations: each computes the forward or the backward pass of a whole sequence in one
//! call. The folder of an operation defines its equations, checks shapes and contains the loops.

pub mod force;
pub mod lfads;
pub mod parallel;
pub mod rnn;
pub mod simd;

pub use simd::Lanes;

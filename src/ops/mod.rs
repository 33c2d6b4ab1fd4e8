//! Fused operations: each is one pass, forward and backward, over whole sequences. A folder says
//! what its operation means, checks shapes, and holds the loops.

pub mod force;
pub mod lfads;
pub mod rnn;
pub mod simd;

pub use simd::Lanes;

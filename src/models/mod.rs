//! Models that learn by rules of their own.

pub mod force;
pub mod lfads;

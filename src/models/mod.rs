//! Models that consist of several networks or have their own learning rule.

pub mod force;
pub mod lfads;

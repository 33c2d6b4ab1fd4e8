//! Models beyond one network and its readout: with a rule of learning of their own, or of several
//! networks.

pub mod force;
pub mod lfads;

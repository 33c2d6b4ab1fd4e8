//! Tasks that networks are trained on: each draws its trials from a key.

pub mod decision;
pub mod integrator;
mod noise;

pub use decision::Decision;
pub use integrator::Integrator;

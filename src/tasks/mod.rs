//! Tasks that networks are trained on: each draws its trials from a key.

pub mod integrator;

pub use integrator::Integrator;

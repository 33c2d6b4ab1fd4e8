//! Tasks that networks are trained on: each draws its trials from a key.

pub mod dataset;
pub mod decision;
pub mod flip_flop;
pub mod integrator;
mod noise;
pub mod signals;
pub mod spikes;

pub use dataset::Dataset;
pub use decision::Decision;
pub use flip_flop::FlipFlop;
pub use integrator::Integrator;

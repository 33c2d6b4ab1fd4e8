//! Training tasks. Each draws its trials from a key.

pub mod dataset;
pub mod decision;
pub mod flip_flop;
pub mod integrator;
mod noise;

pub use dataset::Dataset;
pub use decision::Decision;
pub use flip_flop::FlipFlop;
pub use integrator::Integrator;
pub use noise::NoiseOptions;

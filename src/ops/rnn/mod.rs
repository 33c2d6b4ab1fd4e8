//! Recurrent layers, each ONE operation over all times, forward and backward.

pub mod nonlinearity;
pub mod vanilla;

pub use nonlinearity::Nonlinearity;

/// The sizes of one call: b, t, i, n, o.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub time: usize,
    pub inputs: usize,
    pub units: usize,
    pub outputs: usize,
}

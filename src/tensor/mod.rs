//! Arrays: candle's [`Tensor`] as it stands, and the few things it lacks.

pub mod arena;
pub mod real;

pub use arena::{Arena, Layout};
pub use candle_core::{DType, Device, Tensor};
pub use real::Real;

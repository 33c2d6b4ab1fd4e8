//! Arrays: candle's [`Tensor`] as it stands, and the few things it lacks.
//!
//! What is here checks shapes before candle is asked, keeps gradients right or refuses them, and
//! never gives a silent zero.

pub mod arena;
pub mod arith;
pub mod gradient;
pub mod integers;
pub mod joined;
pub mod linear;
pub mod order;
pub mod pieces;
pub mod pointwise;
pub mod real;
pub mod reduce;
pub mod shape;
pub mod summary;
pub mod total;
pub mod values;

pub use arena::{Arena, Block, Layout};
pub use candle_core::{DType, Device, Tensor};
pub use gradient::{gradient, record};
pub use real::Real;

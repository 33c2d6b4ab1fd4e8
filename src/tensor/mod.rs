//! Arrays: candle's [`Tensor`] and the operations that candle lacks.
//!
//! The functions check shapes before they call candle. Each either propagates the correct gradient
//! or returns an error; none returns a zero gradient silently.

pub mod arena;
pub mod arith;
pub mod convert;
pub mod convolution;
pub mod custom_op;
mod exponential;
pub mod gradient;
pub mod indexing;
pub mod integers;
pub mod interpolation;
pub mod linear;
pub mod mask;
pub mod masked;
mod moments;
pub mod pointwise;
pub mod precision;
mod product;
pub mod reduce;
mod repeat;
pub mod scalar;
pub mod select;
pub mod shape;
pub mod sigmoid;
mod small;
pub mod sort;
pub mod statistics;
pub mod structure;
pub mod summary;
pub mod tanh;
pub mod trigonometry;

pub use arena::{Arena, Block, Layout};
pub use candle_core::{DType, Device, Tensor};
pub use gradient::{gradient, record};
pub use precision::{AnyPrecision, Precision};
pub use scalar::Real;

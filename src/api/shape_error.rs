//! The error for a tensor of the wrong shape.

use crate::base::Error;
use crate::tensor::Tensor;

/// The error of the function `op` for its argument `what`, whose shape is not the expected one.
pub fn shape_error(
    op: &'static str,
    what: &'static str,
    expected: impl Into<String>,
    tensor: &Tensor,
) -> Error {
    Error::Shape {
        op,
        what,
        expected: expected.into(),
        found: tensor.dims().to_vec(),
    }
}

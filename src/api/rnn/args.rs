//! Tensors as arguments of network functions.

use crate::api::convert::exact_tensor;
use crate::api::value::Value;
use crate::base::Error;
use crate::tensor::Tensor;

/// The error for an argument `what` of the wrong shape.
pub fn shape_error(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: "network",
        what,
        expected,
        found: found.dims().to_vec(),
    }
}

/// The value of a parameter as a tensor.
///
/// Errors: `Kind` for a value that is not a tensor
pub fn parameter_tensor(name: &str, value: Value) -> Result<Tensor, Error> {
    exact_tensor(format!("network: parameter `{name}`"), "a tensor", value)
}

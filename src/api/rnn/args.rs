//! Parameters as arguments of network functions.

use crate::api::convert::exact_tensor;
use crate::api::value::Value;
use crate::base::Error;
use crate::tensor::Tensor;

/// The value of a parameter as a tensor.
///
/// Errors: `Kind` for a value that is not a tensor
pub fn parameter_tensor(name: &str, value: Value) -> Result<Tensor, Error> {
    exact_tensor(format!("network: parameter `{name}`"), "a tensor", value)
}

//! Conversion of script arguments to sequences.

use crate::api::convert::exact_tensor;
use crate::api::shape_error::shape_error;
use crate::api::value::Value;
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{Tensor, convert};

/// The number of time steps of a sequence [t, width].
///
/// Errors: `Shape` for any other shape, or for an empty sequence
pub fn sequence_length(
    op: &'static str,
    what: &'static str,
    tensor: &Tensor,
    width: usize,
) -> Result<usize> {
    match tensor.dims() {
        [steps, features] if *steps > 0 && *features == width => Ok(*steps),
        dims => Err(Error::Shape {
            op,
            what,
            expected: format!("[t, {width}] with at least one time step"),
            found: dims.to_vec(),
        }),
    }
}

/// The inputs [t, width] as a vector; zeros if the argument is nil.
pub fn input_values<T: Lanes>(
    op: &'static str,
    inputs: Value,
    [steps, width]: [usize; 2],
) -> Result<Vec<T>> {
    match inputs {
        Value::Nil => Ok(vec![T::of(0.0); steps * width]),
        inputs => {
            let inputs = to_tensor(op, "inputs", inputs)?;
            sequence_values(op, "inputs", &inputs, [steps, width])
        }
    }
}

/// The values of a sequence [t, width].
///
/// Errors: `Shape` for any other shape, `NotFinite` for a value that is not finite
pub fn sequence_values<T: Lanes>(
    op: &'static str,
    what: &'static str,
    tensor: &Tensor,
    shape: [usize; 2],
) -> Result<Vec<T>> {
    if tensor.dims() != shape {
        return Err(shape_error(op, what, format!("{shape:?}"), tensor));
    }
    let values = convert::to_vec(tensor)?;
    check_finite(op, what, &values)?;
    Ok(values)
}

/// Converts the argument `what` to a tensor.
pub fn to_tensor(op: &'static str, what: &str, value: Value) -> Result<Tensor> {
    let of = format!("{op}: argument `{what}`");
    exact_tensor(of, "a tensor or nil", value)
}

/// Errors: `NotFinite` for the first value that is not finite
pub fn check_finite<T: Lanes>(of: &'static str, what: &str, values: &[T]) -> Result<()> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            of,
            what: format!("a value of `{what}`"),
            found: values[index].double(),
            index,
        }),
        None => Ok(()),
    }
}

//! Conversion of script arguments to sequences.

use crate::api::convert::to_tensor;
use crate::api::value::Value;
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{DType, Tensor, convert};

/// The number of time steps of a sequence [t, width].
///
/// Errors: `Shape` for any other shape, or for an empty sequence
pub fn length(op: &'static str, what: &'static str, found: &Tensor, width: usize) -> Result<usize> {
    match found.dims() {
        [steps, features] if *steps > 0 && *features == width => Ok(*steps),
        dims => Err(Error::Shape {
            op,
            what,
            expected: format!("[t, {width}], one step at least"),
            found: dims.to_vec(),
        }),
    }
}

/// The inputs [t, width] as a vector; zeros if the argument is nil.
pub fn checked_inputs<T: Lanes>(
    op: &'static str,
    inputs: Value,
    [steps, width]: [usize; 2],
) -> Result<Vec<T>> {
    match inputs {
        Value::Nil => Ok(vec![T::of(0.0); steps * width]),
        inputs => sequence(
            op,
            "inputs",
            &of_value(op, "inputs", inputs)?,
            [steps, width],
        ),
    }
}

/// The values of a sequence [t, width].
///
/// Errors: `Shape` for any other shape, `NotFinite` for a value that is not finite
pub fn sequence<T: Lanes>(
    op: &'static str,
    what: &'static str,
    found: &Tensor,
    shape: [usize; 2],
) -> Result<Vec<T>> {
    if found.dims() != shape {
        return Err(Error::Shape {
            op,
            what,
            expected: format!("{shape:?}, so many steps"),
            found: found.dims().to_vec(),
        });
    }
    let numbers = convert::to_vec(found)?;
    finite(op, what, &numbers)?;
    Ok(numbers)
}

/// Converts the argument `what` to a tensor.
pub fn of_value(op: &'static str, what: &str, value: Value) -> Result<Tensor> {
    let found = match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => to_tensor(&other, DType::F64).ok_or(other),
    };
    found.map_err(|value| Error::Kind {
        of: format!("{op}: argument `{what}`"),
        expected: "a tensor, or nothing".into(),
        found: value.kind(),
    })
}

/// Errors: `NotFinite` for the first value that is not finite
pub fn finite<T: Lanes>(of: &'static str, what: &str, numbers: &[T]) -> Result<()> {
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            of,
            what: format!("a number of `{what}`"),
            found: numbers[index].double(),
            index,
        }),
        None => Ok(()),
    }
}

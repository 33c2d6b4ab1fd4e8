//! Conversion between tensors and plain script values: numbers and nested lists of numbers.

use crate::api::context::Context;
use crate::api::convert::{as_number, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::shape_error::shape_error;
use crate::api::value::Value;
use crate::tensor::{DType, Tensor};

/// A new tensor from a number or nested lists, or a tensor converted to `dtype`.
///
/// Errors: nested lists that are not rectangular, or values that are not numbers
pub fn tensor_from_value(cx: &Context, values: Value, dtype: DType) -> Result<Tensor, Diagnostic> {
    if let Value::Tensor(t) = &values {
        cx.check_memory("tensor", t.dims(), dtype)?;
        return Ok(t.to_dtype(dtype)?);
    }
    let is_number_or_list =
        matches!(values, Value::List(_) | Value::Bool(_)) || as_number(&values).is_some();
    let tensor = to_tensor(&values, dtype);
    tensor.ok_or_else(|| {
        let kind = match is_number_or_list {
            true => "a list whose items differ in length or are not numbers".into(),
            false => values.kind(),
        };
        Diagnostic::new(format!(
            "tensor: expected numbers in lists of equal length, found {kind}"
        ))
    })
}

/// The value of a tensor with one element, as a plain number.
///
/// Errors: `Shape` for any other number of elements
pub fn item_value(t: &Tensor) -> Result<Value, Diagnostic> {
    if t.elem_count() != 1 {
        return Err(shape_error("item", "a tensor with one element", "[]", t).into());
    }
    nested_list(&t.detach().reshape(())?)
}

/// The elements as nested lists of plain numbers.
pub fn nested_list(t: &Tensor) -> Result<Value, Diagnostic> {
    let flat = t.detach().flatten_all()?;
    Ok(match t.dtype().is_float() {
        true => {
            let elements: Vec<f64> = flat.to_dtype(DType::F64)?.to_vec1()?;
            nest(t.dims(), &mut elements.into_iter().map(Value::Float))
        }
        false => {
            let elements: Vec<i64> = flat.to_dtype(DType::I64)?.to_vec1()?;
            nest(t.dims(), &mut elements.into_iter().map(Value::Int))
        }
    })
}

/// The next elements as nested lists of this shape, or the next element without axes.
fn nest(shape: &[usize], elements: &mut impl Iterator<Item = Value>) -> Value {
    match shape {
        [] => elements.next().expect("one element for each position"),
        [length] => Value::List(elements.take(*length).collect()),
        [length, rest @ ..] => Value::List((0..*length).map(|_| nest(rest, elements)).collect()),
    }
}

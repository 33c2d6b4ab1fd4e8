//! An array as an argument of script functions: the array itself, or the name of an entry in a
//! file.

use super::convert::to_tensor;
use super::value::{FromValue, Value};
use crate::tasks::dataset::RawArray;
use crate::tensor::DType;

/// An array, or the name of an entry in a file.
#[derive(Clone)]
pub enum ArraySource {
    Array(RawArray),
    Entry(String),
}

impl FromValue for ArraySource {
    fn kind() -> String {
        "tensor, list of tensors or name in a file".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        // Plain numbers are converted directly to f64, without rounding to f32.
        let to_array = |value: &Value| match value {
            Value::Tensor(tensor) => Some(tensor.clone()),
            other => to_tensor(other, DType::F64),
        };
        let Value::List(items) = &value else {
            return match value {
                Value::Text(name) => Ok(ArraySource::Entry(name)),
                Value::Tensor(tensor) => Ok(ArraySource::Array(RawArray::Stacked(tensor))),
                other => Err(other),
            };
        };
        let is_array = |item: &Value| matches!(item, Value::Tensor(x) if x.rank() > 0);
        let stacked = match items.iter().any(is_array) {
            true => None,
            false => to_tensor(&value, DType::F64),
        };
        let array = match stacked {
            Some(tensor) => Some(RawArray::Stacked(tensor)),
            None => items
                .iter()
                .map(to_array)
                .collect::<Option<_>>()
                .map(RawArray::PerTrial),
        };
        array.map(ArraySource::Array).ok_or(value)
    }
}

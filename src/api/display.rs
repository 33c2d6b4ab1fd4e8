//! The text form of script values, the same in both languages.

use std::fmt;

use super::value::Value;
use crate::tensor::{DType, Tensor};

/// The text that `print` writes: a text without quotes, any other value as [`value_text`].
pub fn print_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => value_text(other),
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&value_text(self))
    }
}

/// The text form of a value. Texts inside lists and maps are quoted.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Bool(x) => x.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => float_text(*x),
        Value::Text(text) => format!("{text:?}"),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(value_text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let items = map
                .iter()
                .map(|(key, item)| format!("{key}: {}", value_text(item)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
        Value::Tensor(tensor) => tensor_text(tensor),
        Value::Object(object) => object.display(),
        Value::Function(_) => "function".into(),
    }
}

/// A count with its noun, in the plural unless the count is 1.
pub fn count_text(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The shortest decimal text that parses to the same number. It always shows a float, as in `3.0`.
pub fn float_text(x: f64) -> String {
    format!("{x:?}")
}

/// A summary of a tensor, or the value of a tensor without axes.
fn tensor_text(tensor: &Tensor) -> String {
    if tensor.rank() == 0 {
        let text = match tensor.dtype() {
            DType::F32 => tensor.to_scalar::<f32>().map(|x| format!("{x:?}")),
            DType::F64 => tensor.to_scalar::<f64>().map(float_text),
            DType::I64 => tensor.to_scalar::<i64>().map(|n| n.to_string()),
            _ => tensor
                .to_dtype(DType::F64)
                .and_then(|t| t.to_scalar::<f64>())
                .map(|x| x.to_string()),
        };
        return text.unwrap_or_else(|error| error.to_string());
    }
    let shape_only = |_| format!("tensor {:?} {}", tensor.dims(), tensor.dtype().as_str());
    crate::tensor::summary::format_tensor(tensor).unwrap_or_else(shape_only)
}

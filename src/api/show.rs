//! The text form of every value: what `print` shows, the same in both languages.

use super::plot::Plot;
use super::value::Value;
use crate::figure::Figure;
use crate::tensor::{DType, Tensor};

/// What `print` shows: text as it is, everything else as [`value`].
pub fn printed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => self::value(other),
    }
}

/// The figure that a value is.
pub fn figure(value: &Value) -> Option<Figure> {
    match value {
        Value::Object(object) => object.get::<Plot>().map(|plot| plot.0.clone()),
        _ => None,
    }
}

/// The text form of a value; text inside lists and maps is quoted.
pub fn value(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Bool(x) => x.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => number(*x),
        Value::Text(text) => format!("{text:?}"),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(self::value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let items = map
                .iter()
                .map(|(key, item)| format!("{key}: {}", self::value(item)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
        Value::Tensor(tensor) => self::tensor(tensor),
        Value::Object(object) => object.show(),
        Value::Function(_) => "function".into(),
    }
}

/// The shortest digits that give the number back; always recognisable as a real number.
pub fn number(x: f64) -> String {
    format!("{x:?}")
}

/// A tensor in one line; one without axes reads as the number it is.
fn tensor(tensor: &Tensor) -> String {
    if tensor.rank() == 0 {
        let text = match tensor.dtype() {
            DType::F32 => tensor.to_scalar::<f32>().map(|x| format!("{x:?}")),
            DType::F64 => tensor.to_scalar::<f64>().map(number),
            DType::I64 => tensor.to_scalar::<i64>().map(|n| n.to_string()),
            _ => tensor
                .to_dtype(DType::F64)
                .and_then(|t| t.to_scalar::<f64>())
                .map(|x| x.to_string()),
        };
        return text.unwrap_or_else(|error| error.to_string());
    }
    let plain = |_| format!("tensor {:?} {}", tensor.dims(), tensor.dtype().as_str());
    crate::tensor::summary::text(tensor).unwrap_or_else(plain)
}

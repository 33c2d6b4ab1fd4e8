//! The text form of every value: what `print` shows, the same in both languages.

use super::value::Value;
use crate::tensor::Tensor;

/// What `print` shows: text as it is, everything else as [`value`].
pub fn printed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => self::value(other),
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

fn tensor(tensor: &Tensor) -> String {
    let plain = |_| format!("tensor {:?} {}", tensor.dims(), tensor.dtype().as_str());
    crate::tensor::summary::text(tensor).unwrap_or_else(plain)
}

//! Tensors in nested lists and maps: the parameters of functions that scripts differentiate.

use super::convert::{as_number, to_tensor};
use super::diagnostic::Diagnostic;
use super::value::Value;
use crate::base::Error;
use crate::tensor::{DType, Tensor};

/// A tensor with its position: `w`, `layers[0].w`; empty if the value itself is the tensor.
pub struct Leaf {
    pub path: String,
    pub tensor: Tensor,
}

/// The tensors of `x`, depth first. Numbers and lists of numbers become tensors. `of` names the
/// argument in errors.
///
/// Errors: `Kind` for a value that is neither a tensor nor a container
pub fn collect(of: &str, x: &Value) -> Result<Vec<Leaf>, Diagnostic> {
    let mut leaves = Vec::new();
    append(of, (x, String::new()), dtype(x), &mut leaves)?;
    Ok(leaves)
}

/// A value with the structure of `x` and the tensors of `parts`, in the order of [`collect`].
pub fn rebuild(x: &Value, parts: &mut dyn Iterator<Item = Tensor>) -> Value {
    if leaf(x, DType::F32).is_some() {
        return parts.next().map_or(Value::Nil, Value::Tensor);
    }
    match x {
        Value::List(list) => Value::List(list.iter().map(|part| rebuild(part, parts)).collect()),
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|(key, part)| (key.clone(), rebuild(part, parts)));
            Value::Map(entries.collect())
        }
        other => other.clone(),
    }
}

/// The dtype for plain numbers in `x`: f64 if `x` contains an f64 tensor, otherwise f32.
fn dtype(x: &Value) -> DType {
    let is_f64 = |part: &Value| dtype(part) == DType::F64;
    let has_f64 = match x {
        Value::Tensor(t) => t.dtype() == DType::F64,
        Value::List(list) => list.iter().any(is_f64),
        Value::Map(map) => map.values().any(is_f64),
        _ => false,
    };
    if has_f64 { DType::F64 } else { DType::F32 }
}

/// The tensor at a leaf of `x`: a tensor, a number or a list of numbers. Any other list is a
/// container.
fn leaf(x: &Value, dtype: DType) -> Option<Tensor> {
    match x {
        Value::Tensor(t) => Some(t.clone()),
        Value::Int(_) | Value::Float(_) => to_tensor(x, dtype),
        Value::List(list) if !list.is_empty() => {
            let plain =
                |item: &Value| !matches!(item, Value::Tensor(_)) && as_number(item).is_some();
            let numbers = list.iter().all(plain);
            numbers.then(|| to_tensor(x, dtype)).flatten()
        }
        _ => None,
    }
}

fn append(
    of: &str,
    (x, path): (&Value, String),
    dtype: DType,
    leaves: &mut Vec<Leaf>,
) -> Result<(), Diagnostic> {
    if let Some(tensor) = leaf(x, dtype) {
        leaves.push(Leaf { path, tensor });
        return Ok(());
    }
    match x {
        Value::List(list) => list.iter().enumerate().try_for_each(|(index, part)| {
            append(of, (part, format!("{path}[{index}]")), dtype, leaves)
        }),
        Value::Map(map) => map.iter().try_for_each(|(key, part)| {
            let dot = if path.is_empty() { "" } else { "." };
            append(of, (part, format!("{path}{dot}{key}")), dtype, leaves)
        }),
        other => Err(Error::Kind {
            of: of.into(),
            expected: "a tensor, or lists and maps of tensors".into(),
            found: other.kind(),
        }
        .into()),
    }
}

//! Gradients of functions defined in scripts.

use super::context::Context;
use super::convert::as_number;
use super::diagnostic::Diagnostic;
use super::value::{Function, Map, Value};
use crate::base::Error;
use crate::tensor::{DType, Tensor, record};

crate::natives! {
    /// Automatic differentiation of functions defined in a script.
    module "";

    /// The gradient of `f` at `x`, with the same structure as `x`.
    ///
    /// `f` must return a tensor with one element. `x` is a tensor, or lists and maps of tensors.
    ///
    /// > grad(|x| (x * x).sum(), tensor([1, 2]))
    /// = tensor [2] f32 [2, 4]
    fn grad(cx: &Context, f: Function, x: Value) -> Value { Ok(both(cx, &f, &x)?.1) }

    /// The value of `f` at `x` and its gradient, as a map of `value` and `grad`.
    ///
    /// The arguments are those of `grad`.
    ///
    /// > value_and_grad(|p| (p.w * 3).sum(), #{ w: tensor([1, 2]) }).grad.w
    /// = tensor [2] f32 [3, 3]
    fn value_and_grad(cx: &Context, f: Function, x: Value) -> Map {
        let (value, slopes) = both(cx, &f, &x)?;
        Ok([("value".into(), Value::Tensor(value)), ("grad".into(), slopes)].into())
    }
}

fn both(cx: &Context, f: &Function, x: &Value) -> Result<(Tensor, Value), Diagnostic> {
    let mut at = Vec::new();
    gather(x, kind(x), &mut at)?;
    let mut loss = |inputs: &[Tensor]| -> crate::base::Result<Tensor> {
        let given = rebuild(x, &mut inputs.iter().cloned());
        match f.call(vec![given])? {
            Value::Tensor(loss) => Ok(loss),
            other => Err(Error::Kind {
                of: "grad: the function's result".into(),
                expected: "a tensor of one number".into(),
                found: other.kind(),
            }),
        }
    };
    let tape = record(&mut loss, &at)?;
    let (value, slopes) = cx.run_interruptible(move || tape.gradient())??;
    Ok((value, rebuild(x, &mut slopes.into_iter())))
}

/// The dtype for plain numbers in `x`: f64 if `x` contains an f64 tensor, otherwise f32.
fn kind(x: &Value) -> DType {
    let wide = |part: &Value| kind(part) == DType::F64;
    let found = match x {
        Value::Tensor(t) => t.dtype() == DType::F64,
        Value::List(list) => list.iter().any(wide),
        Value::Map(map) => map.values().any(wide),
        _ => false,
    };
    if found { DType::F64 } else { DType::F32 }
}

/// The tensor at a leaf of `x`: a tensor, a number or a list of numbers. Any other list is a
/// container.
fn leaf(x: &Value, dtype: DType) -> Option<Tensor> {
    match x {
        Value::Tensor(t) => Some(t.clone()),
        Value::Int(_) | Value::Float(_) => super::convert::to_tensor(x, dtype),
        Value::List(list) if !list.is_empty() => {
            let plain =
                |item: &Value| !matches!(item, Value::Tensor(_)) && as_number(item).is_some();
            let numbers = list.iter().all(plain);
            numbers
                .then(|| super::convert::to_tensor(x, dtype))
                .flatten()
        }
        _ => None,
    }
}

/// Appends the tensors of `x`, depth first.
///
/// Errors: `Kind` for a value that is neither a tensor nor a container
fn gather(x: &Value, dtype: DType, at: &mut Vec<Tensor>) -> Result<(), Diagnostic> {
    if let Some(t) = leaf(x, dtype) {
        at.push(t);
        return Ok(());
    }
    match x {
        Value::List(list) => list.iter().try_for_each(|part| gather(part, dtype, at)),
        Value::Map(map) => map.values().try_for_each(|part| gather(part, dtype, at)),
        other => Err(Error::Kind {
            of: "grad: argument `x`".into(),
            expected: "a tensor, or lists and maps of tensors".into(),
            found: other.kind(),
        }
        .into()),
    }
}

/// A value with the structure of `x` and the tensors of `parts`, in the order of [`gather`].
fn rebuild(x: &Value, parts: &mut dyn Iterator<Item = Tensor>) -> Value {
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

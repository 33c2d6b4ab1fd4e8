//! Gradients of functions defined in scripts.

use crate::api::context::Context;
use crate::api::convert::{as_number, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Function, Map, Value};
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
    fn grad(cx: &Context, f: Function, x: Value) -> Value { Ok(evaluate(cx, &f, &x)?.1) }

    /// The tensor without its gradient: a constant for `grad`.
    ///
    /// > grad(|x| (x * x.detach()).sum(), tensor([2, 3]))
    /// = tensor [2] f32 [2, 3]
    fn detach(this: Tensor) -> Tensor { Ok(this.detach()) }

    /// The value of `f` at `x` and its gradient, as a map of `value` and `grad`.
    ///
    /// The arguments are those of `grad`.
    ///
    /// > value_and_grad(|p| (p.w * 3).sum(), #{ w: tensor([1, 2]) }).grad.w
    /// = tensor [2] f32 [3, 3]
    fn value_and_grad(cx: &Context, f: Function, x: Value) -> Map {
        let (value, gradient) = evaluate(cx, &f, &x)?;
        Ok([("value".into(), Value::Tensor(value)), ("grad".into(), gradient)].into())
    }
}

/// The value of `f` at `x` and its gradient.
fn evaluate(cx: &Context, f: &Function, x: &Value) -> Result<(Tensor, Value), Diagnostic> {
    let mut leaves = Vec::new();
    collect_leaves(x, leaf_dtype(x), &mut leaves)?;
    let mut loss = |inputs: &[Tensor]| -> crate::base::Result<Tensor> {
        let argument = rebuild(x, &mut inputs.iter().cloned());
        match f.call(vec![argument])? {
            Value::Tensor(loss) => Ok(loss),
            other => Err(Error::Kind {
                of: "grad: the function's result".into(),
                expected: "a tensor with one element".into(),
                found: other.kind(),
            }),
        }
    };
    let tape = record(&mut loss, &leaves)?;
    let (value, gradients) = cx.run_interruptible(move || tape.gradient())??;
    Ok((value, rebuild(x, &mut gradients.into_iter())))
}

/// The dtype for plain numbers in `x`: f64 if `x` contains an f64 tensor, otherwise f32.
fn leaf_dtype(x: &Value) -> DType {
    let is_f64 = |part: &Value| leaf_dtype(part) == DType::F64;
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

/// Appends the tensors of `x`, depth first.
///
/// Errors: `Kind` for a value that is neither a tensor nor a container
fn collect_leaves(x: &Value, dtype: DType, leaves: &mut Vec<Tensor>) -> Result<(), Diagnostic> {
    if let Some(t) = leaf(x, dtype) {
        leaves.push(t);
        return Ok(());
    }
    match x {
        Value::List(list) => list
            .iter()
            .try_for_each(|part| collect_leaves(part, dtype, leaves)),
        Value::Map(map) => map
            .values()
            .try_for_each(|part| collect_leaves(part, dtype, leaves)),
        other => Err(Error::Kind {
            of: "grad: argument `x`".into(),
            expected: "a tensor, or lists and maps of tensors".into(),
            found: other.kind(),
        }
        .into()),
    }
}

/// A value with the structure of `x` and the tensors of `parts`, in the order of
/// [`collect_leaves`].
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

//! Gradients of functions defined in scripts.

use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::leaves::{self, rebuild};
use crate::api::value::{Function, Map, Value};
use crate::base::Error;
use crate::tensor::{Tensor, record};

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
    let leaves = leaves::collect("grad: argument `x`", x)?;
    let leaves: Vec<Tensor> = leaves.into_iter().map(|leaf| leaf.tensor).collect();
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

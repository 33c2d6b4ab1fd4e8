//! The gradient of a function of arrays, computed with candle's autograd graph.
//!
//! candle traverses and drops its graph recursively: tens of thousands of consecutive operations
//! overflow an ordinary stack and abort the process. This module does both on a thread with a large
//! stack.

use candle_core::Var;

use super::{Tensor, custom_op};
use crate::base::{Error, Result};

/// Stack size for the traversal of the graph. The memory is reserved, not committed: an operation
/// touches about 280 bytes, so this suffices for about two million consecutive operations.
const STACK_SIZE: usize = 512 << 20;

/// The value of a function and the recorded operations.
pub struct Tape {
    loss: Tensor,
    inputs: Vec<Tensor>,
    /// An input that an enclosing gradient tracks.
    outer: Option<Tensor>,
}

/// The value of `f` at `at`, and its gradient with respect to each array.
///
/// Errors: those of [`record`] and [`Tape::gradient`]
pub fn gradient(
    f: &mut dyn FnMut(&[Tensor]) -> Result<Tensor>,
    at: &[Tensor],
) -> Result<(Tensor, Vec<Tensor>)> {
    record(f, at)?.gradient()
}

/// Evaluates `f` at `at` and records its operations.
///
/// Errors: `Kind` if an array is not f32 or f64; errors of `f`
pub fn record(f: &mut dyn FnMut(&[Tensor]) -> Result<Tensor>, at: &[Tensor]) -> Result<Tape> {
    if let Some(t) = at.iter().find(|t| !t.dtype().is_float()) {
        return Err(Error::Kind {
            of: "grad".into(),
            expected: "tensors of f32 or f64".into(),
            found: t.dtype().as_str().into(),
        });
    }
    let vars: candle_core::Result<Vec<Var>> = at
        .iter()
        .map(|t| Var::from_tensor(&t.detach().contiguous()?))
        .collect();
    let vars = vars?;
    let inputs: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let loss = f(&inputs)?;
    let outer = at.iter().find(|t| t.track_op()).cloned();
    Ok(Tape {
        loss,
        inputs,
        outer,
    })
}

impl Tape {
    /// The value of the function and its gradient with respect to each array: zero for an array
    /// that does not affect the value. Second derivatives are not supported: computing one is an
    /// error.
    ///
    /// Errors: `Shape` if the function returns more than one element; `Algebra` if the value
    /// depends on none of the arrays
    pub fn gradient(self) -> Result<(Tensor, Vec<Tensor>)> {
        let Tape {
            loss,
            inputs,
            outer,
        } = self;
        let Derivatives {
            loss,
            gradients,
            outer_variable,
        } = on_large_stack(move || backward(loss, &inputs))??;
        match outer.or(outer_variable) {
            None => Ok((loss, gradients)),
            Some(outer) => {
                let without_gradient = |t| custom_op::without_gradient("grad", &outer, t);
                let gradients: Result<Vec<Tensor>> =
                    gradients.into_iter().map(without_gradient).collect();
                Ok((without_gradient(loss)?, gradients?))
            }
        }
    }
}

fn check_loss(loss: &Tensor) -> Result<()> {
    if loss.elem_count() != 1 {
        return Err(Error::Shape {
            op: "grad",
            what: "a scalar result of the function",
            expected: "[]".into(),
            found: loss.dims().to_vec(),
        });
    }
    if !loss.track_op() {
        let fact = "the result of the function depends on none of the tensors (numbers extracted \
                    with item or to_list have no gradient)";
        return Err(Error::Algebra { op: "grad", fact });
    }
    Ok(())
}

struct Derivatives {
    loss: Tensor,
    gradients: Vec<Tensor>,
    /// A variable that an enclosing gradient tracks.
    outer_variable: Option<Tensor>,
}

/// Takes the loss by value, so that its graph is dropped on this thread, also after an error.
fn backward(loss: Tensor, inputs: &[Tensor]) -> Result<Derivatives> {
    check_loss(&loss)?;
    let loss = loss.reshape(())?;
    let is_input = |t: &Tensor| inputs.iter().any(|input| input.id() == t.id());
    let outer_variable = loss
        .sorted_nodes()
        .into_iter()
        .find(|node| node.is_variable() && !is_input(node))
        .cloned();
    let grads = loss.backward()?;
    let gradient_of = |input: &Tensor| match grads.get(input) {
        Some(gradient) => Ok(gradient.detach()),
        None => input.zeros_like(),
    };
    let gradients: candle_core::Result<Vec<Tensor>> = inputs.iter().map(gradient_of).collect();
    Ok(Derivatives {
        loss: loss.detach(),
        gradients: gradients?,
        outer_variable,
    })
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("gradient".into())
            .stack_size(STACK_SIZE)
            .spawn_scoped(scope, work)
            .map_err(|_| Error::Algebra {
                op: "grad",
                fact: "there is not enough memory for the backward pass",
            })?;
        Ok(thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

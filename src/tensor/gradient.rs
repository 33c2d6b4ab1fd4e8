//! The gradient of a function of arrays, by candle's tape.
//!
//! candle walks and drops its tape by recursion: tens of thousands of operations in a row overflow
//! an ordinary stack and abort the process. Both happen here on a thread with a large one.

use candle_core::Var;

use super::{Tensor, joined};
use crate::base::{Error, Result};

/// Stack for the walk over the tape. It is reserved, not used: about 280 bytes an operation are
/// touched, so that this holds some two million operations in a row.
const STACK: usize = 512 << 20;

/// A function's value with the operations that it came from.
pub struct Tape {
    loss: Tensor,
    inputs: Vec<Tensor>,
    /// An array of a gradient around this one.
    outer: Option<Tensor>,
}

/// The value of `f` at `at`, and its gradient with respect to each of the arrays.
///
/// Errors: those of [`record`] and [`Tape::gradient`]
pub fn gradient(
    f: &mut dyn FnMut(&[Tensor]) -> Result<Tensor>,
    at: &[Tensor],
) -> Result<(Tensor, Vec<Tensor>)> {
    record(f, at)?.gradient()
}

/// `f` at `at`, with the operations of its one number.
///
/// Errors: `Kind` if an array is not of f32 or f64; those of `f`
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
    /// The function's value, and its gradient with respect to each of the arrays: zero for one
    /// that does not matter. There are no second derivatives: asking for one is an error.
    ///
    /// Errors: `Shape` if the function gives more than one number; `Algebra` if it depends on none
    /// of the arrays
    pub fn gradient(self) -> Result<(Tensor, Vec<Tensor>)> {
        let Tape {
            loss,
            inputs,
            outer,
        } = self;
        let Walked {
            loss,
            slopes,
            foreign,
        } = on_large_stack(move || walk(loss, &inputs))??;
        match outer.or(foreign) {
            None => Ok((loss, slopes)),
            Some(outer) => {
                let refuse = |t| joined::without_gradient("grad", &outer, t);
                let slopes: Result<Vec<Tensor>> = slopes.into_iter().map(refuse).collect();
                Ok((refuse(loss)?, slopes?))
            }
        }
    }
}

fn check(loss: &Tensor) -> Result<()> {
    if loss.elem_count() != 1 {
        return Err(Error::Shape {
            op: "grad",
            what: "one number from the function",
            expected: "[]".into(),
            found: loss.dims().to_vec(),
        });
    }
    if !loss.track_op() {
        let fact = "the function's number depends on none of the tensors (numbers taken out \
                    with item or to_list carry no gradient)";
        return Err(Error::Algebra { op: "grad", fact });
    }
    Ok(())
}

struct Walked {
    loss: Tensor,
    slopes: Vec<Tensor>,
    /// A variable of a gradient around this one.
    foreign: Option<Tensor>,
}

/// Takes the loss by value: its tape is dropped here too, also when it is refused.
fn walk(loss: Tensor, inputs: &[Tensor]) -> Result<Walked> {
    check(&loss)?;
    let loss = loss.reshape(())?;
    let own = |t: &Tensor| inputs.iter().any(|input| input.id() == t.id());
    let foreign = loss
        .sorted_nodes()
        .into_iter()
        .find(|node| node.is_variable() && !own(node))
        .cloned();
    let grads = loss.backward()?;
    let slope = |input: &Tensor| match grads.get(input) {
        Some(slope) => Ok(slope.detach()),
        None => input.zeros_like(),
    };
    let slopes: candle_core::Result<Vec<Tensor>> = inputs.iter().map(slope).collect();
    Ok(Walked {
        loss: loss.detach(),
        slopes: slopes?,
        foreign,
    })
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("gradient".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|_| Error::Algebra {
                op: "grad",
                fact: "there is no memory for the walk over the operations",
            })?;
        Ok(thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

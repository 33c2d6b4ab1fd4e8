//! The readout of a batch and its backward pass, for many time steps at once.

use std::ops::Range;

use candle_core::Var;

use super::ParamMap;
use super::batch::Batch;
use super::tape::{TrackedParams, accumulate, gradient_of, vjp};
use crate::base::Result;
use crate::tensor::{Device, Real, Tensor, arith, convert};

/// The number of rows (trials times time steps) per call of the readout, or more if there are more
/// trials. Longer sums in single precision would be less accurate, and candle divides operations on
/// larger arrays among threads that spin while they wait.
const ROWS: usize = 128;

/// The outputs at several consecutive time steps.
pub(super) struct Readout {
    pub times: Range<usize>,
    /// [k b, n] for k time steps
    states: Rows,
    /// [k b, o]
    outputs: Tensor,
}

/// The states: a constant for the linear readout, whose gradient is known.
enum Rows {
    Constant(Tensor),
    Tracked(Var),
}

impl Readout {
    /// The outputs at all time steps, from the states after each input. With `tracked` parameters,
    /// the result of a user function is put on the tape.
    ///
    /// Errors: any error of the user function
    pub fn evaluate<T: Real>(
        batch: &Batch<'_, T>,
        states: &[Tensor],
        params: &ParamMap,
        tracked: Option<&TrackedParams>,
    ) -> Result<Vec<Readout>> {
        let (net, t) = (batch.net, states.len());
        let steps = (ROWS / batch.trials.trials.max(1)).max(1);
        let chunks = (0..t)
            .step_by(steps)
            .map(|first| first..(first + steps).min(t));
        let evaluate = |times: Range<usize>| {
            let rows = Tensor::cat(&states[times.clone()], 0)?;
            let (states, outputs) = match (tracked, &net.functions.readout) {
                (Some(tracked), Some(function)) => {
                    let rows = Var::from_tensor(&rows)?;
                    let outputs = net.apply_readout(&rows, &tracked.params)?;
                    function.check_tracked(&outputs)?;
                    (Rows::Tracked(rows), outputs)
                }
                _ => {
                    let outputs = net.apply_readout(&rows, params)?;
                    (Rows::Constant(rows), outputs)
                }
            };
            Ok(Readout {
                times,
                states,
                outputs,
            })
        };
        chunks.map(evaluate).collect()
    }

    /// Writes the outputs to `all`, [b, t, o].
    pub fn write_outputs<T: Real>(&self, batch: &Batch<'_, T>, all: &mut [T]) -> Result<()> {
        let o = batch.net.outputs;
        let outputs = convert::to_vec::<T>(&self.outputs)?;
        for (at, row) in self.positions(batch).zip(outputs.chunks_exact(o)) {
            all[at * o..][..o].copy_from_slice(row);
        }
        Ok(())
    }

    /// The gradient with respect to the states [k b, n], from the gradient `cotangents` [b, t, o]
    /// with respect to all outputs. Adds the gradients of the parameters to `sums`.
    pub fn backward<T: Real>(
        &self,
        batch: &Batch<'_, T>,
        (cotangents, tracked): (&[T], &TrackedParams),
        sums: &mut [f64],
    ) -> Result<Tensor> {
        let (net, o) = (batch.net, batch.net.outputs);
        let rows = self.positions(batch).map(|at| &cotangents[at * o..][..o]);
        let rows: Vec<T> = rows.flatten().copied().collect();
        let cotangent = Tensor::from_vec(rows, (self.outputs.dims()[0], o), &Device::Cpu)?;
        match (&self.states, &net.functions.readout) {
            (Rows::Tracked(states), Some(function)) => {
                let gradients = vjp(function, &self.outputs, &cotangent)?;
                tracked.accumulate(net, &gradients, sums)?;
                gradient_of(&gradients, states)
            }
            (Rows::Constant(states), _) => {
                linear_backward(batch, states, (&cotangent, tracked), sums)
            }
            (Rows::Tracked(_), None) => unreachable!("the linear readout is not on the tape"),
        }
    }

    /// The index of each row in arrays [b, t, ..].
    fn positions<T: Real>(&self, batch: &Batch<'_, T>) -> impl Iterator<Item = usize> {
        let (b, t) = (batch.trials.trials, batch.trials.time);
        let times = self.times.clone();
        times.flat_map(move |time| (0..b).map(move |trial| trial * t + time))
    }
}

/// The backward pass of o = wO h + bO.
fn linear_backward<T: Real>(
    batch: &Batch<'_, T>,
    states: &Tensor,
    (cotangent, tracked): (&Tensor, &TrackedParams),
    sums: &mut [f64],
) -> Result<Tensor> {
    let layout = batch.net.params.layout();
    let weights = arith::matmul(&cotangent.t()?, states)?;
    accumulate::<T>(&weights, &mut sums[layout.block("wO")?.range.clone()])?;
    let bias = &mut sums[layout.block("bO")?.range.clone()];
    for row in convert::to_vec::<T>(cotangent)?.chunks_exact(bias.len()) {
        for (sum, x) in bias.iter_mut().zip(row) {
            *sum += x.double();
        }
    }
    arith::matmul(cotangent, &tracked.constants["wO"])
}

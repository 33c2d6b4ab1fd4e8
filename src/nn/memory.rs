//! Approximate memory of the calls of a network with a built-in cell, so that a call can be refused
//! before it allocates.

use super::{LossFunction, Objective, Rnn};
use crate::ops::Lanes;
use crate::ops::rnn::Sizes;
use crate::tensor::shape::total_elements;

/// Arrays of the size of the outputs that a user function and its gradient are assumed to need.
pub(super) const USER_LOSS_ARRAYS: usize = 8;

/// [`super::Dynamics::run_bytes`]: the inputs and results, the noise, the buffers of the passes,
/// and the arrays of the tape.
pub(super) fn run_bytes<T: Lanes>(
    net: &Rnn<T>,
    [trials, time]: [usize; 2],
    differentiable: bool,
) -> usize {
    let sizes = net.spec.sizes(trials, time);
    let (inputs, state, outputs) = (net.spec.inputs, net.spec.state(), net.spec.outputs);
    // Copies of inputs and states with their gradients, the rates that the readout reads, and its
    // products.
    let tape = match differentiable {
        true => 2 * inputs + 2 * state + 4 * sizes.layer_width() + 3 * outputs,
        false => 0,
    };
    let width = inputs + state + outputs + noise_width(net, sizes) + tape;
    bytes(net, sizes, width, differentiable)
}

/// [`super::Dynamics::objective_bytes`]: the noise, the dropout factors and the buffers of the
/// passes. States and outputs are stored only for a loss that is not part of the operation.
pub(super) fn objective_bytes<T: Lanes>(
    net: &Rnn<T>,
    [trials, time]: [usize; 2],
    objective: &Objective,
    gradient: bool,
) -> usize {
    let sizes = net.spec.sizes(trials, time);
    let results = net.spec.state() + net.spec.outputs;
    let results = match (&objective.loss, objective.has_activity_penalty()) {
        (LossFunction::BuiltIn(_), false) => 0,
        (LossFunction::BuiltIn(_), true) => results,
        (LossFunction::User(_), _) => results + USER_LOSS_ARRAYS * net.spec.outputs,
    };
    let dropout = match net.dropout > 0.0 {
        true => sizes.dropout_width(),
        false => 0,
    };
    let width = results + noise_width(net, sizes) + dropout;
    bytes(net, sizes, width, gradient)
}

fn noise_width<T: Lanes>(net: &Rnn<T>, sizes: Sizes) -> usize {
    match net.noise > 0.0 {
        true => sizes.total_units(),
        false => 0,
    }
}

/// Bytes of the buffers of the passes, and of arrays with `width` elements per trial and time step.
fn bytes<T: Lanes>(net: &Rnn<T>, sizes: Sizes, width: usize, backward: bool) -> usize {
    let buffers = net
        .spec
        .cell
        .operation::<T>()
        .buffer_elements(sizes, backward);
    let elements = total_elements(&[&[buffers], &[sizes.batch, sizes.time, width]]);
    elements.saturating_mul(size_of::<T>())
}

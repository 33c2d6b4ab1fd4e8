//! Approximate memory of the calls of a custom network, so that a call can be refused before it
//! allocates. The tensors of the user functions are not known in advance; the limit of the run is
//! also checked between the operations of a script.

use super::Custom;
use super::bptt::TAPE_BYTES;
use crate::nn::memory::USER_LOSS_ARRAYS;
use crate::nn::{LossFunction, Objective};
use crate::tensor::Real;
use crate::tensor::shape::total_elements;

/// Bytes of a tensor besides its elements.
const TENSOR_BYTES: usize = 512;

/// Tensors of the size of the state that a user function is assumed to put on the tape.
const STEP_TENSORS: usize = 8;

/// [`crate::nn::Dynamics::run_bytes`]
pub(super) fn run_bytes<T: Real>(net: &Custom<T>, size: [usize; 2], differentiable: bool) -> usize {
    let tapes = if differentiable {
        tape_bytes(net, size)
    } else {
        0
    };
    array_bytes(net, size, 0).saturating_add(tapes)
}

/// [`crate::nn::Dynamics::objective_bytes`]
pub(super) fn objective_bytes<T: Real>(
    net: &Custom<T>,
    size: [usize; 2],
    objective: &Objective,
    gradient: bool,
) -> usize {
    let loss = match &objective.loss {
        LossFunction::BuiltIn(_) => net.outputs,
        LossFunction::User(_) => USER_LOSS_ARRAYS * net.outputs,
    };
    // The states as one array, and the gradient of the penalty as a whole and for each time step.
    let penalty = match objective.has_activity_penalty() {
        true => 3 * net.units,
        false => 0,
    };
    let readout = match gradient && net.functions.readout.is_some() {
        true => STEP_TENSORS * net.outputs,
        false => 0,
    };
    let tapes = match gradient {
        true => tape_bytes(net, size).min(TAPE_BYTES),
        false => 0,
    };
    array_bytes(net, size, loss + penalty + readout).saturating_add(tapes)
}

/// Bytes of the inputs, noise, states and outputs, and of arrays with `width` more elements per
/// trial and time step. Inputs, noise and states are one tensor per time step.
fn array_bytes<T: Real>(net: &Custom<T>, [trials, time]: [usize; 2], width: usize) -> usize {
    let (noise, tensors) = match net.noise > 0.0 {
        true => (2 * net.units, 3),
        false => (0, 2),
    };
    // The inputs and the states are also copied as a whole.
    let width = 2 * (net.inputs + net.units) + noise + net.outputs + width;
    total_elements(&[
        &[trials, time, width, size_of::<T>()],
        &[time, tensors, TENSOR_BYTES],
    ])
}

/// Bytes of the tapes of all time steps.
fn tape_bytes<T: Real>(net: &Custom<T>, [trials, time]: [usize; 2]) -> usize {
    total_elements(&[
        &[trials, time, net.units, size_of::<T>(), STEP_TENSORS],
        &[time, STEP_TENSORS, TENSOR_BYTES],
    ])
}

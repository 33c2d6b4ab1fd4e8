//! Jobs and their results. One thread processes each slice of trials, so threads synchronize only
//! at the end.

use std::ops::Range;

use crate::ops::parallel::split_front;
use crate::ops::rnn::args::{Cotangents, Inputs, Sizes};
use crate::ops::rnn::targets::Targets;
use crate::ops::simd::partition::Partition;
use crate::ops::simd::{Lanes, TRIALS};

/// Computation that a job performs on each slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The forward pass over all time steps.
    Forward,
    /// The forward and the backward pass.
    Backward,
    /// One step and its Jacobians with respect to state and input.
    Jacobians,
}

/// Arguments of one call, the same for all slices.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a, T> {
    pub sizes: Sizes,
    /// Number of elements of a state.
    pub state: usize,
    pub inputs: Inputs<'a, [T]>,
    pub targets: Option<Targets<'a, T>>,
    /// Scale factor that converts a derivative of the loss of one output to the gradient of
    /// the mean.
    pub grad_scale: T,
    pub cotangents: Cotangents<'a, T>,
    pub mode: Mode,
    pub partition: Partition,
}

impl<T: Lanes> Job<'_, T> {
    /// The part of `source`, an array of `width` elements per trial, that belongs to `trials`.
    pub fn select<'b, X>(trials: &Range<usize>, source: &'b [X], width: usize) -> &'b [X] {
        &source[trials.start * width..trials.end * width]
    }
}

/// Result arrays of a range of trials; an empty array is not requested.
#[derive(Debug)]
pub struct Results<'a, T> {
    pub states: &'a mut [T],
    pub outputs: &'a mut [T],
    /// Sum of the losses of each trial group.
    pub losses: &'a mut [f64],
    pub d_inputs: &'a mut [T],
    pub d_h0: &'a mut [T],
    /// d state after / d state before, [b, s, s].
    pub by_state: &'a mut [T],
    /// d state after / d input, [b, s, i].
    pub by_input: &'a mut [T],
}

impl<T> Default for Results<'_, T> {
    fn default() -> Self {
        Results {
            states: &mut [],
            outputs: &mut [],
            losses: &mut [],
            d_inputs: &mut [],
            d_h0: &mut [],
            by_state: &mut [],
            by_input: &mut [],
        }
    }
}

impl<'a, T> Results<'a, T> {
    /// Splits the results of the leading trials off.
    pub fn split_front(&mut self, job: &Job<'_, T>, trials: usize) -> Results<'a, T> {
        let s = job.sizes;
        Results {
            states: split_front(&mut self.states, trials * s.time * job.state),
            outputs: split_front(&mut self.outputs, trials * s.time * s.outputs),
            losses: split_front(&mut self.losses, trials.div_ceil(TRIALS)),
            d_inputs: split_front(&mut self.d_inputs, trials * s.time * s.inputs),
            d_h0: split_front(&mut self.d_h0, trials * job.state),
            by_state: split_front(&mut self.by_state, trials * job.state * job.state),
            by_input: split_front(&mut self.by_input, trials * job.state * s.inputs),
        }
    }
}

//! What is to be done, and where its results go: whole slices of trials go to one thread each, so
//! that threads meet only at the end.

use std::ops::Range;

use crate::ops::rnn::{Aim, Arriving, Given, Sizes};
use crate::ops::simd::division::{Division, cut};
use crate::ops::simd::{Lanes, TRIALS};

/// What is done with each slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// All times, from the first to the last.
    Forward,
    /// And back again.
    Back,
    /// One step, and how it depends on state and input.
    Jacobians,
}

/// One call, the same for all slices.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a, T> {
    pub sizes: Sizes,
    /// Numbers of a state.
    pub state: usize,
    pub given: Given<'a, T>,
    pub aim: Option<Aim<'a, T>>,
    /// What an error is multiplied by to be the derivative of the loss.
    pub slope: T,
    pub arriving: Arriving<'a, T>,
    pub way: Way,
    pub division: Division,
}

impl<T: Lanes> Task<'_, T> {
    /// The part of `source`, an array of `width` numbers a trial, that belongs to some trials.
    pub fn part<'b, X>(trials: &Range<usize>, source: &'b [X], width: usize) -> &'b [X] {
        &source[trials.start * width..trials.end * width]
    }
}

/// Where the results of some trials go; an empty array is not asked for.
#[derive(Debug)]
pub struct Results<'a, T> {
    pub states: &'a mut [T],
    pub outputs: &'a mut [T],
    /// The sum of squared errors of each group of trials.
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
    /// Takes the results of the first trials off the front.
    pub fn take(&mut self, task: &Task<'_, T>, trials: usize) -> Results<'a, T> {
        let s = task.sizes;
        Results {
            states: cut(&mut self.states, trials * s.time * task.state),
            outputs: cut(&mut self.outputs, trials * s.time * s.outputs),
            losses: cut(&mut self.losses, trials.div_ceil(TRIALS)),
            d_inputs: cut(&mut self.d_inputs, trials * s.time * s.inputs),
            d_h0: cut(&mut self.d_h0, trials * task.state),
            by_state: cut(&mut self.by_state, trials * task.state * task.state),
            by_input: cut(&mut self.by_input, trials * task.state * s.inputs),
        }
    }
}

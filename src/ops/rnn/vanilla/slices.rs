//! What is to be done, and its spreading over threads: whole slices of trials go to one thread
//! each, so that threads meet only at the end.

use std::ops::Range;

use super::{Aim, Arriving, Given, Nonlinearity, Sizes};
use crate::ops::simd::product::{Block, Panels};
use crate::ops::simd::{Lanes, TRIALS};

pub use super::slice::Workspace;

/// One call, the same for all slices.
#[derive(Clone, Copy)]
pub struct Task<'a, T> {
    pub sizes: Sizes,
    pub nonlinearity: Nonlinearity,
    pub given: Given<'a, T>,
    pub aim: Option<Aim<'a, T>>,
    /// What an error is multiplied by to be the derivative of the loss.
    pub slope: T,
    pub arriving: Arriving<'a, T>,
    /// Whether gradients are asked for.
    pub backward: bool,
}

impl<'a, T: Lanes> Task<'a, T> {
    /// Forward alone.
    pub fn new(sizes: Sizes, nonlinearity: Nonlinearity, given: Given<'a, T>) -> Self {
        Task {
            sizes,
            nonlinearity,
            given,
            aim: None,
            slope: T::of(0.0),
            arriving: Arriving {
                states: None,
                outputs: None,
            },
            backward: false,
        }
    }

    /// The part of `source`, an array of `width` numbers a trial, that belongs to one slice.
    pub fn part<'b>(&self, slice: usize, source: &'b [T], width: usize) -> &'b [T] {
        let end = self.sizes.batch.min((slice + 1) * TRIALS);
        &source[slice * TRIALS * width..end * width]
    }
}

/// The parameters in the order in which the loops read them.
#[derive(Debug, Default)]
pub struct Packed<T> {
    /// [bR wR wI], for the cells [1, h, x].
    pub update: Panels<T>,
    /// [bO wO], for the cells [1, h].
    pub readout: Panels<T>,
    /// [wO' wR'], for the derivatives by [outputs, sums of the units].
    pub back: Panels<T>,
    /// wI', for the derivatives by the sums of the units.
    pub inputs: Panels<T>,
}

/// The blocks of a flat arena; see [`super::layout`].
pub struct Blocks<A> {
    pub h0: A,
    pub w_in: A,
    pub w_rec: A,
    pub w_out: A,
    pub b_rec: A,
    pub b_out: A,
}

/// Cuts an arena into its blocks.
pub fn blocks<T>(s: Sizes, arena: &[T]) -> Blocks<&[T]> {
    let (h0, rest) = arena.split_at(s.units);
    let (w_in, rest) = rest.split_at(s.units * s.inputs);
    let (w_rec, rest) = rest.split_at(s.units * s.units);
    let (w_out, rest) = rest.split_at(s.outputs * s.units);
    let (b_rec, b_out) = rest.split_at(s.units);
    Blocks {
        h0,
        w_in,
        w_rec,
        w_out,
        b_rec,
        b_out,
    }
}

/// Cuts an arena into its blocks.
pub fn blocks_mut<T>(s: Sizes, arena: &mut [T]) -> Blocks<&mut [T]> {
    let (h0, rest) = arena.split_at_mut(s.units);
    let (w_in, rest) = rest.split_at_mut(s.units * s.inputs);
    let (w_rec, rest) = rest.split_at_mut(s.units * s.units);
    let (w_out, rest) = rest.split_at_mut(s.outputs * s.units);
    let (b_rec, b_out) = rest.split_at_mut(s.units);
    Blocks {
        h0,
        w_in,
        w_rec,
        w_out,
        b_rec,
        b_out,
    }
}

impl<T: Lanes> Packed<T> {
    /// Packs what the task needs.
    pub fn pack(&mut self, task: &Task<'_, T>, by_inputs: bool) {
        let (n, i, o) = (task.sizes.units, task.sizes.inputs, task.sizes.outputs);
        let p = blocks(task.sizes, task.given.params);
        let recurrent = Block::plain(p.w_rec, n);
        self.update.pack(
            n,
            &[Block::plain(p.b_rec, 1), recurrent, Block::plain(p.w_in, i)],
        );
        self.readout
            .pack(o, &[Block::plain(p.b_out, 1), Block::plain(p.w_out, n)]);
        if task.backward {
            let recurrent = Block::transposed(p.w_rec, n, n);
            self.back
                .pack(n, &[Block::transposed(p.w_out, n, o), recurrent]);
        }
        if by_inputs {
            self.inputs.pack(i, &[Block::transposed(p.w_in, i, n)]);
        }
    }
}

/// Where the results of some slices go; an empty array is not asked for.
#[derive(Debug)]
pub struct Results<'a, T> {
    pub states: &'a mut [T],
    pub outputs: &'a mut [T],
    /// The sum of squared errors of each slice.
    pub losses: &'a mut [f64],
    /// The gradients by the parameters, one arena a slice.
    pub d_params: &'a mut [T],
    pub d_inputs: &'a mut [T],
    pub d_h0: &'a mut [T],
}

impl<T> Default for Results<'_, T> {
    fn default() -> Self {
        Results {
            states: &mut [],
            outputs: &mut [],
            losses: &mut [],
            d_params: &mut [],
            d_inputs: &mut [],
            d_h0: &mut [],
        }
    }
}

impl<'a, T> Results<'a, T> {
    /// The results of the first `slices` slices, and the rest.
    fn split(self, task: &Task<'_, T>, slices: usize) -> (Self, Self) {
        let s = task.sizes;
        let trials = slices * TRIALS;
        let states = cut(self.states, trials * s.time * s.units);
        let outputs = cut(self.outputs, trials * s.time * s.outputs);
        let losses = cut(self.losses, slices);
        let d_params = cut(self.d_params, slices * task.given.params.len());
        let d_inputs = cut(self.d_inputs, trials * s.time * s.inputs);
        let d_h0 = cut(self.d_h0, trials * s.units);
        let first = Results {
            states: states.0,
            outputs: outputs.0,
            losses: losses.0,
            d_params: d_params.0,
            d_inputs: d_inputs.0,
            d_h0: d_h0.0,
        };
        let rest = Results {
            states: states.1,
            outputs: outputs.1,
            losses: losses.1,
            d_params: d_params.1,
            d_inputs: d_inputs.1,
            d_h0: d_h0.1,
        };
        (first, rest)
    }
}

fn cut<T>(array: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    let at = at.min(array.len());
    array.split_at_mut(at)
}

/// Does the task on `slices`, as many of them at a time as there are workspaces.
pub fn spread<T: Lanes>(
    task: &Task<'_, T>,
    packed: &Packed<T>,
    slices: Range<usize>,
    workspaces: &mut [Workspace<T>],
    mut results: Results<'_, T>,
) {
    if let [workspace] = workspaces {
        for slice in slices {
            let (one, rest) = results.split(task, 1);
            workspace.pass(task, packed, slice, one);
            results = rest;
        }
        return;
    }
    let threads = workspaces.len();
    let (left, right) = workspaces.split_at_mut(threads / 2);
    let count = (slices.len() * left.len()).div_ceil(threads);
    let middle = slices.start + count;
    let (first, rest) = results.split(task, count);
    rayon::join(
        || spread(task, packed, slices.start..middle, left, first),
        || spread(task, packed, middle..slices.end, right, rest),
    );
}

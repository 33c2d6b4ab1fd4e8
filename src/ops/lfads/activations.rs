//! Buffers for the activations of all time steps.

use pulp::Simd;

use super::sizes::{CELL, layer_dims};
use crate::ops::Lanes;
use crate::ops::rnn::cell::{Backward, CellKernel, Forward, FrameSpec, LayerDims, OutputBackward};
use crate::ops::rnn::cells::Gru;
use crate::ops::simd::Lane16;
use crate::ops::simd::gemm_tn::Frames;
use crate::ops::simd::lanes::row_length;

/// Activations of some quantities at all time steps.
#[derive(Debug, Default)]
pub struct Activations<T> {
    lanes: Vec<Lane16<T>>,
    width: usize,
}

impl<T: Lanes> Activations<T> {
    /// Resizes the buffer to `width` lanes for each of `steps` time steps.
    pub fn resize(&mut self, steps: usize, width: usize) {
        self.width = row_length(width);
        self.lanes
            .resize(steps * self.width, Lane16::splat(T::of(0.0)));
    }

    /// The activations at one time step.
    pub fn at(&self, time: usize) -> &[Lane16<T>] {
        &self.lanes[time * self.width..][..self.width]
    }

    pub fn at_mut(&mut self, time: usize) -> &mut [Lane16<T>] {
        &mut self.lanes[time * self.width..][..self.width]
    }

    /// The activations at the first two time steps.
    pub fn first_two(&mut self) -> [&mut [Lane16<T>]; 2] {
        let (first, second) = self.lanes.split_at_mut(self.width);
        [first, second]
    }

    /// View of the first `count` quantities at all time steps, for weight gradients.
    pub fn frames(&self, count: usize) -> Frames<'_, T> {
        Frames {
            lanes: &self.lanes,
            stride: self.width,
            first: 0,
            count,
        }
    }
}

/// States and gates of a GRU at all time steps; see [`crate::ops::rnn::cell`].
#[derive(Debug)]
pub struct GruActivations<T> {
    /// Sizes in lanes.
    dims: LayerDims,
    frame: FrameSpec,
    states: Activations<T>,
    gates: Activations<T>,
}

impl<T: Lanes> Default for GruActivations<T> {
    fn default() -> Self {
        let dims = layer_dims(0, 0).with_groups(0);
        GruActivations {
            dims,
            frame: <Gru as CellKernel<T>>::frame_spec(dims),
            states: Activations::default(),
            gates: Activations::default(),
        }
    }
}

impl<T: Lanes> GruActivations<T> {
    /// Lanes of a time step in the buffers of a network with `groups` trial groups per slice.
    pub fn lanes_per_step(dims: LayerDims, groups: usize) -> usize {
        let dims = dims.with_groups(groups);
        let frame = <Gru as CellKernel<T>>::frame_spec(dims);
        row_length(dims.operands() + frame.extra) + row_length(frame.gates)
    }

    pub fn resize(&mut self, dims: LayerDims, groups: usize, time: usize) {
        let dims = dims.with_groups(groups);
        let (n, one) = (dims.units, dims.groups);
        self.dims = dims;
        self.frame = <Gru as CellKernel<T>>::frame_spec(dims);
        self.states
            .resize(time + 1, dims.operands() + self.frame.extra);
        self.gates.resize(time, self.frame.gates);
        for at in 0..=time {
            self.states.at_mut(at)[n..n + one].fill(Lane16::splat(T::of(1.0)));
        }
    }

    /// The state before step `at`.
    pub fn state(&self, at: usize) -> &[Lane16<T>] {
        &self.states.at(at)[..self.dims.units]
    }

    pub fn state_mut(&mut self, at: usize) -> &mut [Lane16<T>] {
        &mut self.states.at_mut(at)[..self.dims.units]
    }

    /// The state before step `at`, followed by a 1 for the bias.
    pub fn state_and_one(&self, at: usize) -> &[Lane16<T>] {
        &self.states.at(at)[..self.dims.units + self.dims.groups]
    }

    /// The input of step `at`.
    pub fn input_mut(&mut self, at: usize) -> &mut [Lane16<T>] {
        let first = self.dims.units + self.dims.groups;
        &mut self.states.at_mut(at)[first..first + self.dims.inputs]
    }

    /// Runs the forward pass of step `at`.
    pub fn forward<S: Simd>(
        &mut self,
        simd: S,
        packed: &<Gru as CellKernel<T>>::Packed,
        at: usize,
    ) {
        let width = self.states.width;
        let (before, after) = self.states.lanes[at * width..].split_at_mut(width);
        let step = Forward {
            dims: self.dims,
            before,
            after,
            gates: &mut self.gates.at_mut(at)[..self.frame.gates],
        };
        CELL.forward(simd, packed, step);
    }

    /// Runs the backward pass of step `at`: replaces `d_state`, the gradient with respect to the
    /// state after the step, by the gradient with respect to the state before it, and the gates by
    /// the gradients with respect to the pre-activations.
    pub fn backward<S: Simd>(
        &mut self,
        simd: S,
        packed: &<Gru as CellKernel<T>>::Packed,
        at: usize,
        [d_state, scratch]: [&mut [Lane16<T>]; 2],
    ) {
        let n = self.dims.units;
        let (d_state, scratch) = (&mut d_state[..n], &mut scratch[..n]);
        let gates = &mut self.gates.at_mut(at)[..self.frame.gates];
        let step = Backward {
            dims: self.dims,
            before: self.states.at(at),
            after: self.states.at(at + 1),
            gates: &mut *gates,
            d_state: &mut *d_state,
            scratch: &mut *scratch,
        };
        CELL.backward(simd, packed, step);
        let read = OutputBackward {
            dims: self.dims,
            frame: self.states.at(at),
            cotangents: &gates[..self.frame.recurrent],
            from_above: &[],
            d_state,
            scratch,
        };
        CELL.output_backward(simd, packed, read);
    }

    /// Computes the gradient with respect to the input of step `at`, after
    /// [`GruActivations::backward`].
    pub fn input_backward<S: Simd>(
        &self,
        simd: S,
        packed: &<Gru as CellKernel<T>>::Packed,
        at: usize,
        into: &mut [Lane16<T>],
    ) {
        let into = &mut into[..self.dims.inputs];
        into.fill(Lane16::splat(T::of(0.0)));
        let gates = &self.gates.at(at)[..self.frame.gates];
        CELL.input_backward(simd, packed, gates, into);
    }

    /// Views of the gates and the states of all steps, for weight gradients. The states are those
    /// after the steps if `after`, otherwise those before them.
    pub fn frames(&self, after: bool) -> [Frames<'_, T>; 2] {
        let skip = usize::from(after) * self.states.width;
        [
            self.gates.frames(0),
            Frames {
                lanes: &self.states.lanes[skip..],
                ..self.states.frames(0)
            },
        ]
    }
}

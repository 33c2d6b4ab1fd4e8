//! One slice of trials with its buffers: all layers and time steps, computed in one thread.

use std::ops::Range;

use pulp::Simd;

use super::dims::layer_dims;
use super::job::{Job, Mode};
use super::layout::ParamOffsets;
use super::packed_params::PackedParams;
use crate::ops::rnn::args::Sizes;
use crate::ops::rnn::cell::{CellKernel, FrameSpec, LayerDims};
use crate::ops::simd::gemm::{gemm, gemm_add};
use crate::ops::simd::gemm_tn::Transposed;
use crate::ops::simd::lanes::{FeatureSlice, broadcast, load, row_length, store};
use crate::ops::simd::{Lane16, Lanes};

/// The buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    pub(super) sublayers: Vec<Activations<T>>,
    /// Gradient with respect to the state during the backward pass.
    pub(super) d_state: Vec<Lane16<T>>,
    /// `d_state` before a backward step: finished trials keep it.
    pub(super) saved_d_state: Vec<Lane16<T>>,
    /// Scratch space of one step.
    pub(super) scratch: Vec<Lane16<T>>,
    /// Jacobian columns that are not yet written to the result.
    pub(super) tile: Vec<Lane16<T>>,
    /// Directional derivative of the layer below.
    pub(super) tangent_below: Vec<Lane16<T>>,
    /// Transposed activations for the gradient products.
    pub(super) transposed: Transposed<T>,
}

/// The frames of one sublayer at all time steps; see [`crate::ops::rnn::cell`].
#[derive(Debug, Default)]
pub(super) struct Activations<T> {
    pub(super) states: Vec<Lane16<T>>,
    pub(super) gates: Vec<Lane16<T>>,
    /// Gradient with respect to y from the layer above, n lanes per step.
    pub(super) from_above: Vec<Lane16<T>>,
}

/// One slice of a job and the data that its computation needs.
pub(super) struct Slice<'a, T: Lanes, K: CellKernel<T>> {
    pub(super) kernel: K,
    pub(super) job: &'a Job<'a, T>,
    pub(super) packed: &'a PackedParams<T, K>,
    /// The trials of the slice.
    pub(super) trials: Range<usize>,
    pub(super) buffers: &'a mut Workspace<T>,
}

/// Sizes and strides of the frames of a sublayer, in lanes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameLayout {
    pub(super) dims: LayerDims,
    pub(super) frame: FrameSpec,
    /// Distance between frames; see [`row_length`].
    pub(super) state_stride: usize,
    pub(super) gate_stride: usize,
}

impl FrameLayout {
    /// The frames of a layer for slices of this number of trial groups.
    pub(super) fn of<T: Lanes, K: CellKernel<T>>(
        sizes: Sizes,
        layer: usize,
        groups: usize,
        mode: Mode,
    ) -> FrameLayout {
        let dims = layer_dims(sizes, layer).with_groups(groups);
        let frame = K::frame_spec(dims);
        let gates = match mode {
            Mode::Forward => 0,
            Mode::Backward | Mode::Jacobians => frame.gates,
        };
        FrameLayout {
            dims,
            frame,
            state_stride: row_length(dims.operands() + frame.extra),
            gate_stride: row_length(dims.outputs + gates),
        }
    }

    /// Number of lanes of one time step in the buffers of a sublayer. `has_layer_above`: whether a
    /// backward pass receives gradients from a layer above.
    pub(super) fn lanes_per_step(&self, has_layer_above: bool) -> usize {
        let from_above = if has_layer_above { self.dims.units } else { 0 };
        self.state_stride + self.gate_stride + from_above
    }

    /// Selects the features of one time step in an array [trials, time steps, width].
    pub(super) fn features_at(&self, time: usize, time_steps: usize, width: usize) -> FeatureSlice {
        FeatureSlice::at_step(self.dims.groups, time, time_steps, width)
    }

    /// Time index of a step in a direction.
    pub(super) fn time_index(direction: usize, step: usize, time_steps: usize) -> usize {
        if direction == 0 {
            step
        } else {
            time_steps - 1 - step
        }
    }
}

impl<'a, T: Lanes, K: CellKernel<T>> Slice<'a, T, K> {
    pub(super) fn frame_layout(&self, sublayer: usize) -> FrameLayout {
        let (sizes, groups) = (self.job.sizes, self.job.partition.config.groups);
        FrameLayout::of::<T, K>(sizes, sublayer / sizes.directions, groups, self.job.mode)
    }

    /// The part of an array of `width` elements per trial that belongs to this slice.
    pub(super) fn select<X>(&self, source: Option<&'a [X]>, width: usize) -> Option<&'a [X]> {
        source.map(|source| Job::<T>::select(&self.trials, source, width))
    }

    /// Sizes the buffers; writes the constant ones and the initial states.
    pub(super) fn initialize<S: Simd>(&mut self, simd: S) {
        let s = self.job.sizes;
        let zero = Lane16::splat(T::of(0.0));
        let trials = self.trials.len();
        let h0 = self.select(self.job.inputs.h0, self.job.state);
        self.buffers
            .sublayers
            .resize_with(s.sublayers(), Activations::default);
        for sublayer in 0..s.sublayers() {
            let m = self.frame_layout(sublayer);
            let (n, groups) = (m.dims.units, m.dims.groups);
            let learned = &self.job.inputs.params[ParamOffsets::of::<T, K>(s).sublayer(sublayer)];
            let frames = &mut self.buffers.sublayers[sublayer];
            frames.states.resize((s.time + 1) * m.state_stride, zero);
            frames.gates.resize((s.time + 1) * m.gate_stride, zero);
            for frame in frames.states.chunks_exact_mut(m.state_stride) {
                frame[n..n + groups].fill(Lane16::splat(T::of(1.0)));
            }
            let first = &mut frames.states[..m.state_stride];
            for part in 0..K::STATE_PARTS {
                let lanes = &mut first[m.frame.state_offsets[part]..][..n];
                match h0 {
                    Some(h0) => {
                        let at = FeatureSlice::no_time(groups, self.job.state);
                        load(
                            h0,
                            at.starting_at((sublayer * K::STATE_PARTS + part) * s.units),
                            lanes,
                        );
                    }
                    None => broadcast(&learned[part * s.units..], groups, trials, lanes),
                }
            }
            self.kernel.output(simd, m.dims, first);
            let widest = m.frame.gates.max(m.dims.inputs).max(n * s.directions);
            let scratch = self.buffers.scratch.len().max(widest);
            self.buffers.scratch.resize(scratch, zero);
            self.buffers.d_state.resize(K::STATE_PARTS * n, zero);
        }
    }

    pub(super) fn store_states(&self, into: &mut [T]) {
        let s = self.job.sizes;
        if into.is_empty() {
            return;
        }
        for (sublayer, frames) in self.buffers.sublayers[..s.sublayers()].iter().enumerate() {
            let (m, direction) = (self.frame_layout(sublayer), sublayer % s.directions);
            let after = frames
                .states
                .chunks_exact(m.state_stride)
                .skip(1)
                .take(s.time);
            for (step, frame) in after.enumerate() {
                let time = FrameLayout::time_index(direction, step, s.time);
                let at = m.features_at(time, s.time, self.job.state);
                for part in 0..K::STATE_PARTS {
                    let lanes = &frame[m.frame.state_offsets[part]..][..m.dims.units];
                    store(
                        lanes,
                        into,
                        at.starting_at((sublayer * K::STATE_PARTS + part) * s.units),
                    );
                }
            }
        }
    }

    /// Computes all outputs. They are stored in the gate frames of the first direction of the last
    /// layer, and copied to `into` unless it is empty.
    pub(super) fn compute_outputs<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.job.sizes;
        let top = s.sublayers() - s.directions..s.sublayers();
        let m = self.frame_layout(top.start);
        let n = m.dims.units;
        for time in 0..s.time {
            let [top, others @ ..] = &mut self.buffers.sublayers[top.clone()] else {
                unreachable!("there is at least one sublayer");
            };
            let outputs = &mut top.gates[(time + 1) * m.gate_stride..][..m.dims.outputs];
            let from = &top.states[(time + 1) * m.state_stride..][..n + m.dims.groups];
            gemm(simd, &self.packed.readout[0], from, outputs);
            for (other, weights) in others.iter().zip(&self.packed.readout[1..]) {
                let from = &other.states[(s.time - time) * m.state_stride..][..n];
                gemm_add(simd, weights, from, outputs);
            }
            store(outputs, into, m.features_at(time, s.time, s.outputs));
        }
    }
}

/// Indices within the slice of the trials that have ended by this time step.
pub(super) fn finished_trials(
    lengths: Option<&[usize]>,
    time: usize,
) -> impl Iterator<Item = usize> {
    let lengths = lengths.unwrap_or_default();
    (0..lengths.len()).filter(move |trial| lengths[*trial] <= time)
}

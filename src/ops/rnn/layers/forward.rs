//! Forward pass of one sublayer of a slice, from the first time step to the last.

use pulp::Simd;

use super::job::Mode;
use super::slice::{FrameLayout, Slice, finished_trials};
use crate::ops::rnn::cell::{CellKernel, Forward};
use crate::ops::simd::Lanes;
use crate::ops::simd::lanes::{add, clear_unused, copy_trials, load, scale};

impl<T: Lanes, K: CellKernel<T>> Slice<'_, T, K> {
    /// Copies the inputs of all time steps into the state frames, from the network input or from
    /// the layer below.
    pub(super) fn load_inputs(&mut self, sublayer: usize) {
        let s = self.job.sizes;
        let (layer, direction) = (sublayer / s.directions, sublayer % s.directions);
        let m = self.frame_layout(sublayer);
        let n = m.dims.units;
        let x = n + m.dims.groups..n + m.dims.groups + m.dims.inputs;
        let dropout = self.select(self.job.inputs.dropout, s.time * s.dropout_width());
        let inputs = self.select(Some(self.job.inputs.inputs), s.time * s.inputs);
        let below_m = self.frame_layout(sublayer.saturating_sub(s.directions));
        let (below, here) = self.buffers.sublayers.split_at_mut(sublayer);
        let frames = here[0].states.chunks_exact_mut(m.state_stride).take(s.time);
        for (step, frame) in frames.enumerate() {
            let time = FrameLayout::time_index(direction, step, s.time);
            let x = &mut frame[x.clone()];
            let Some(layer_below) = layer.checked_sub(1) else {
                let at = m.features_at(time, s.time, s.inputs);
                load(inputs.unwrap_or_default(), at, x);
                continue;
            };
            let below = &below[layer_below * s.directions..][..s.directions];
            for (d, (from, x)) in below.iter().zip(x.chunks_exact_mut(n)).enumerate() {
                let after = FrameLayout::time_index(d, time, s.time) + 1;
                x.copy_from_slice(&from.states[after * below_m.state_stride..][..n]);
                if let Some(dropout) = dropout {
                    let at = m.features_at(time, s.time, s.dropout_width());
                    scale(
                        dropout,
                        at.starting_at(layer_below * s.layer_width() + d * s.units),
                        x,
                    );
                }
            }
        }
    }

    /// Runs all steps of one sublayer.
    pub(super) fn forward<S: Simd>(&mut self, simd: S, sublayer: usize) {
        let s = self.job.sizes;
        let m = self.frame_layout(sublayer);
        let n = m.dims.units;
        let noise = self.select(self.job.inputs.noise, s.time * s.total_units());
        let lengths = self.select(self.job.inputs.lengths, 1);
        let trials = self.trials.len();
        let frames = &mut self.buffers.sublayers[sublayer];
        for step in 0..s.time {
            let (before, after) =
                frames.states[step * m.state_stride..].split_at_mut(m.state_stride);
            let after = &mut after[..m.state_stride];
            let gates = match self.job.mode {
                Mode::Forward => &mut self.buffers.scratch[..m.frame.gates],
                _ => &mut frames.gates[step * m.gate_stride + m.dims.outputs..][..m.frame.gates],
            };
            let forward = Forward {
                dims: m.dims,
                before,
                after,
                gates,
            };
            self.kernel
                .forward(simd, &self.packed.sublayers[sublayer], forward);
            let time = FrameLayout::time_index(sublayer % s.directions, step, s.time);
            if let Some(noise) = noise {
                let at = m
                    .features_at(time, s.time, s.total_units())
                    .starting_at(sublayer * s.units);
                add(noise, at, &mut after[m.frame.state_offsets[0]..][..n]);
            }
            for first in &m.frame.state_offsets[..K::STATE_PARTS] {
                let (from, into) = (&before[*first..][..n], &mut after[*first..][..n]);
                copy_trials(finished_trials(lengths, time), m.dims.groups, from, into);
                // Unused lanes stay at zero: they could overflow, and 0 * inf is NaN.
                clear_unused(trials, m.dims.groups, into);
            }
            self.kernel.output(simd, m.dims, after);
        }
    }
}

//! Backward pass of one slice, from the last layer and time step to the first.

use pulp::Simd;

use super::slice::{Activations, FrameLayout, Slice, Workspace, finished_trials};
use crate::ops::rnn::cell::{Backward, CellKernel, OutputBackward};
use crate::ops::simd::lanes::{FeatureSlice, add, copy_trials, load, scale, store, zero_trials};
use crate::ops::simd::{Lane16, Lanes};

impl<T: Lanes, K: CellKernel<T>> Slice<'_, T, K> {
    /// The backward pass through all layers; adds the gradient products of the parameters to
    /// `sums`.
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        d_inputs: &mut [T],
        d_h0: &mut [T],
        sums: &mut [T],
    ) {
        let s = self.job.sizes;
        self.load_output_cotangents();
        for layer in (0..s.layers).rev() {
            for sublayer in layer * s.directions..(layer + 1) * s.directions {
                self.backward_steps(simd, sublayer, layer + 1 < s.layers);
                let at = FeatureSlice::no_time(self.job.partition.config.groups, self.job.state);
                let at = at.starting_at(sublayer * K::STATE_PARTS * s.units);
                store(&self.buffers.d_state, d_h0, at);
                self.add_weight_grads(simd, sublayer, sums);
            }
            if layer > 0 {
                self.propagate_down(simd, layer);
            }
        }
        self.store_input_gradients(simd, d_inputs);
    }

    /// Copies the gradients with respect to the outputs to each sublayer that the readout reads.
    fn load_output_cotangents(&mut self) {
        let s = self.job.sizes;
        let m = self.frame_layout(s.sublayers() - 1);
        let cotangents = self.select(self.job.cotangents.outputs, s.time * s.outputs);
        let zero = Lane16::splat(T::of(0.0));
        let top = s.sublayers() - s.directions..s.sublayers();
        let [top, others @ ..] = &mut self.buffers.sublayers[top] else {
            unreachable!("there is at least one sublayer");
        };
        let outputs = m.dims.outputs;
        top.gates[..outputs].fill(zero);
        // With targets, `compute_losses` has already stored them.
        if self.job.targets.is_none() {
            let frames = top
                .gates
                .chunks_exact_mut(m.gate_stride)
                .skip(1)
                .take(s.time);
            for (time, frame) in frames.enumerate() {
                let at = m.features_at(time, s.time, s.outputs);
                load(cotangents.unwrap_or_default(), at, &mut frame[..outputs]);
            }
        }
        for other in others {
            other.gates[..outputs].fill(zero);
            for time in 0..s.time {
                let from = &top.gates[(time + 1) * m.gate_stride..][..outputs];
                let into = &mut other.gates[(s.time - time) * m.gate_stride..];
                into[..outputs].copy_from_slice(from);
            }
        }
    }

    /// The backward steps of one sublayer, last to first. Replaces the gates by the gradients with
    /// respect to the pre-activations; `d_state` ends as the gradient of the initial state.
    fn backward_steps<S: Simd>(&mut self, simd: S, sublayer: usize, has_layer_above: bool) {
        let m = self.frame_layout(sublayer);
        self.buffers.d_state.fill(Lane16::splat(T::of(0.0)));
        for step in (0..=self.job.sizes.time).rev() {
            self.output_backward(simd, &m, (sublayer, step), has_layer_above);
            if let Some(last) = step.checked_sub(1) {
                self.step_backward(simd, &m, (sublayer, last));
            }
        }
    }

    /// Adds the gradient that reaches the state before step `step` through its output.
    #[inline(always)]
    fn output_backward<S: Simd>(
        &mut self,
        simd: S,
        m: &FrameLayout,
        (sublayer, step): (usize, usize),
        has_layer_above: bool,
    ) {
        let n = m.dims.units;
        let Workspace {
            sublayers,
            d_state,
            scratch,
            ..
        } = &mut *self.buffers;
        let Activations {
            states,
            gates,
            from_above,
        } = &sublayers[sublayer];
        // No gradient arrives from beyond the final step.
        let recurrent = if step == self.job.sizes.time {
            0
        } else {
            m.frame.recurrent
        };
        let from_above = match step.checked_sub(1) {
            Some(last) if has_layer_above => &from_above[last * n..][..n],
            _ => &[],
        };
        let output = OutputBackward {
            dims: m.dims,
            frame: &states[step * m.state_stride..][..m.state_stride],
            cotangents: &gates[step * m.gate_stride..][..m.dims.outputs + recurrent],
            from_above,
            d_state,
            scratch: &mut scratch[..n],
        };
        let packed = &self.packed.sublayers[sublayer];
        self.kernel.output_backward(simd, packed, output);
    }

    /// The backward pass through one step, from the state after it to the state before it.
    ///
    /// `at`: the sublayer and the step.
    #[inline(always)]
    fn step_backward<S: Simd>(&mut self, simd: S, m: &FrameLayout, at: (usize, usize)) {
        let ((sublayer, step), s) = (at, self.job.sizes);
        let time = FrameLayout::time_index(sublayer % s.directions, step, s.time);
        let cotangents = self.select(self.job.cotangents.states, s.time * self.job.state);
        let lengths = self.select(self.job.inputs.lengths, 1);
        let Workspace {
            sublayers,
            d_state,
            saved_d_state,
            scratch,
            ..
        } = &mut *self.buffers;
        let Activations { states, gates, .. } = &mut sublayers[sublayer];
        if let Some(cotangents) = cotangents {
            let at = m.features_at(time, s.time, self.job.state);
            let at = at.starting_at(sublayer * K::STATE_PARTS * s.units);
            add(cotangents, at, d_state);
        }
        if lengths.is_some() {
            saved_d_state.clone_from(d_state);
        }
        let gates = &mut gates[step * m.gate_stride + m.dims.outputs..][..m.frame.gates];
        let backward = Backward {
            dims: m.dims,
            before: &states[step * m.state_stride..][..m.state_stride],
            after: &states[(step + 1) * m.state_stride..][..m.state_stride],
            gates,
            d_state,
            scratch: &mut scratch[..m.dims.units],
        };
        let packed = &self.packed.sublayers[sublayer];
        self.kernel.backward(simd, packed, backward);
        let finished = || finished_trials(lengths, time);
        copy_trials(finished(), m.dims.groups, saved_d_state, d_state);
        zero_trials(finished(), m.dims.groups, gates);
    }

    /// Propagates the input gradients of a layer to the layer below.
    fn propagate_down<S: Simd>(&mut self, simd: S, layer: usize) {
        let s = self.job.sizes;
        let m = self.frame_layout(layer * s.directions);
        let n = m.dims.units;
        let dropout = self.select(self.job.inputs.dropout, s.time * s.dropout_width());
        let zero = Lane16::splat(T::of(0.0));
        for frames in &mut self.buffers.sublayers[(layer - 1) * s.directions..][..s.directions] {
            frames.from_above.resize(s.time * n, zero);
        }
        for time in 0..s.time {
            self.layer_input_gradient(simd, layer, time);
            let Workspace {
                sublayers, scratch, ..
            } = &mut *self.buffers;
            let lanes = &mut scratch[..m.dims.inputs];
            if let Some(dropout) = dropout {
                let at = m.features_at(time, s.time, s.dropout_width());
                scale(
                    dropout,
                    at.starting_at((layer - 1) * s.layer_width()),
                    lanes,
                );
            }
            let below = &mut sublayers[(layer - 1) * s.directions..][..s.directions];
            for (d, frames) in below.iter_mut().enumerate() {
                let step = FrameLayout::time_index(d, time, s.time);
                frames.from_above[step * n..][..n].copy_from_slice(&lanes[d * n..][..n]);
            }
        }
    }

    /// Writes the gradients with respect to the inputs of all time steps.
    fn store_input_gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.job.sizes;
        if into.is_empty() {
            return;
        }
        let m = self.frame_layout(0);
        for time in 0..s.time {
            self.layer_input_gradient(simd, 0, time);
            let lanes = &self.buffers.scratch[..m.dims.inputs];
            store(lanes, into, m.features_at(time, s.time, s.inputs));
        }
    }

    /// Computes the gradient with respect to the inputs of a layer at one time step, in `scratch`.
    fn layer_input_gradient<S: Simd>(&mut self, simd: S, layer: usize, time: usize) {
        let s = self.job.sizes;
        let m = self.frame_layout(layer * s.directions);
        let Workspace {
            sublayers, scratch, ..
        } = &mut *self.buffers;
        let lanes = &mut scratch[..m.dims.inputs];
        lanes.fill(Lane16::splat(T::of(0.0)));
        let here = layer * s.directions..(layer + 1) * s.directions;
        for (d, (frames, packed)) in sublayers[here.clone()]
            .iter()
            .zip(&self.packed.sublayers[here])
            .enumerate()
        {
            let step = FrameLayout::time_index(d, time, s.time);
            let gates = &frames.gates[step * m.gate_stride + m.dims.outputs..][..m.frame.gates];
            self.kernel.input_backward(simd, packed, gates, lanes);
        }
    }
}

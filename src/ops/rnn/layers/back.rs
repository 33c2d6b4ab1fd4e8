//! One slice of trials from the last time and layer back to the first.

use pulp::Simd;

use super::pass::{Frames, Measures, Pass, Workspace, over};
use crate::ops::rnn::update::{Backward, Reading, Update};
use crate::ops::simd::trials::{At, add, copy, load, scale, store, wipe};
use crate::ops::simd::{Cell, Lanes};

impl<T: Lanes, U: Update<T>> Pass<'_, T, U> {
    /// All layers back; adds what the gradients of the parameters are made of to `sums`.
    pub(super) fn back<S: Simd>(
        &mut self,
        simd: S,
        d_inputs: &mut [T],
        d_h0: &mut [T],
        sums: &mut [T],
    ) {
        let s = self.task.sizes;
        self.output_derivatives();
        for layer in (0..s.layers).rev() {
            for strand in layer * s.directions..(layer + 1) * s.directions {
                self.steps_back(simd, strand, layer + 1 < s.layers);
                let at = At::only(self.task.division.form.groups, self.task.state);
                let at = at.from(strand * U::PARTS * s.units);
                store(&self.buffers.carried, d_h0, at);
                self.add_sums(simd, strand, sums);
            }
            if layer > 0 {
                self.hand_down(simd, layer);
            }
        }
        self.input_gradients(simd, d_inputs);
    }

    /// Brings the derivatives by the outputs to every strand that the readout reads.
    fn output_derivatives(&mut self) {
        let s = self.task.sizes;
        let m = self.measures(s.strands() - 1);
        let arriving = self.part(self.task.arriving.outputs, s.time * s.outputs);
        let zero = Cell::splat(T::of(0.0));
        let top = s.strands() - s.directions..s.strands();
        let [top, others @ ..] = &mut self.buffers.strands[top] else {
            unreachable!("there is a layer in one direction at least");
        };
        let outputs = m.cells.above;
        top.gates[..outputs].fill(zero);
        // With an aim, the errors have been left there.
        if self.task.aim.is_none() {
            let frames = top.gates.chunks_exact_mut(m.gates).skip(1).take(s.time);
            for (time, frame) in frames.enumerate() {
                let at = m.at(time, s.time, s.outputs);
                load(arriving.unwrap_or_default(), at, &mut frame[..outputs]);
            }
        }
        for other in others {
            other.gates[..outputs].fill(zero);
            for time in 0..s.time {
                let from = &top.gates[(time + 1) * m.gates..][..outputs];
                let into = &mut other.gates[(s.time - time) * m.gates..];
                into[..outputs].copy_from_slice(from);
            }
        }
    }

    /// From the last step to the first; leaves the derivatives by the sums in place of the gates,
    /// and those by the first state in `carried`.
    fn steps_back<S: Simd>(&mut self, simd: S, strand: usize, fed_from_above: bool) {
        let s = self.task.sizes;
        let m = self.measures(strand);
        let (n, above) = (m.cells.units, m.cells.above);
        let packed = &self.packed.strands[strand];
        let arriving = self.part(self.task.arriving.states, s.time * self.task.state);
        let lengths = self.part(self.task.given.lengths, 1);
        let Workspace {
            strands,
            carried,
            held,
            passing,
            ..
        } = &mut *self.buffers;
        let Frames {
            states,
            gates,
            from_above,
        } = &mut strands[strand];
        carried.fill(Cell::splat(T::of(0.0)));
        for step in (0..=s.time).rev() {
            let frame = &states[step * m.states..][..m.states];
            let (earlier, from) = gates.split_at_mut(step * m.gates);
            // Nothing comes back through a step after the last one.
            let back = if step == s.time { 0 } else { m.frame.back };
            let layer_above = match step.checked_sub(1) {
                Some(last) if fed_from_above => &from_above[last * n..][..n],
                _ => &[],
            };
            let reading = Reading {
                strand: m.cells,
                frame,
                from: &from[..above + back],
                layer_above,
                carried,
                passing: &mut passing[..n],
            };
            self.update.collect(simd, packed, reading);
            let Some(last) = step.checked_sub(1) else {
                break;
            };
            let time = Measures::time(strand % s.directions, last, s.time);
            if let Some(arriving) = arriving {
                let at = m.at(time, s.time, self.task.state);
                add(arriving, at.from(strand * U::PARTS * s.units), carried);
            }
            if lengths.is_some() {
                held.clone_from(carried);
            }
            let gates = &mut earlier[last * m.gates + above..][..m.frame.gates];
            let backward = Backward {
                strand: m.cells,
                before: &states[last * m.states..][..m.states],
                after: frame,
                gates,
                carried,
                passing: &mut passing[..n],
            };
            self.update.backward(simd, packed, backward);
            copy(over(lengths, time), m.cells.one, held, carried);
            wipe(over(lengths, time), m.cells.one, gates);
        }
    }

    /// What comes from a layer's inputs to the layer below.
    fn hand_down<S: Simd>(&mut self, simd: S, layer: usize) {
        let s = self.task.sizes;
        let m = self.measures(layer * s.directions);
        let n = m.cells.units;
        let dropout = self.part(self.task.given.dropout, s.time * s.between());
        let zero = Cell::splat(T::of(0.0));
        for frames in &mut self.buffers.strands[(layer - 1) * s.directions..][..s.directions] {
            frames.from_above.resize(s.time * n, zero);
        }
        for time in 0..s.time {
            self.bring_to_inputs(simd, layer, time);
            let Workspace {
                strands, passing, ..
            } = &mut *self.buffers;
            let cells = &mut passing[..m.cells.inputs];
            if let Some(dropout) = dropout {
                let at = m.at(time, s.time, s.between());
                scale(dropout, at.from((layer - 1) * s.read()), cells);
            }
            let below = &mut strands[(layer - 1) * s.directions..][..s.directions];
            for (d, frames) in below.iter_mut().enumerate() {
                let step = Measures::time(d, time, s.time);
                frames.from_above[step * n..][..n].copy_from_slice(&cells[d * n..][..n]);
            }
        }
    }

    /// The derivatives by the inputs of every time.
    fn input_gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        if into.is_empty() {
            return;
        }
        let m = self.measures(0);
        for time in 0..s.time {
            self.bring_to_inputs(simd, 0, time);
            let cells = &self.buffers.passing[..m.cells.inputs];
            store(cells, into, m.at(time, s.time, s.inputs));
        }
    }

    /// The derivatives by the inputs of a layer at one time, left in `passing`.
    fn bring_to_inputs<S: Simd>(&mut self, simd: S, layer: usize, time: usize) {
        let s = self.task.sizes;
        let m = self.measures(layer * s.directions);
        let Workspace {
            strands, passing, ..
        } = &mut *self.buffers;
        let cells = &mut passing[..m.cells.inputs];
        cells.fill(Cell::splat(T::of(0.0)));
        let here = layer * s.directions..(layer + 1) * s.directions;
        for (d, (frames, packed)) in strands[here.clone()]
            .iter()
            .zip(&self.packed.strands[here])
            .enumerate()
        {
            let step = Measures::time(d, time, s.time);
            let gates = &frames.gates[step * m.gates + m.cells.above..][..m.frame.gates];
            self.update.inputs(simd, packed, gates, cells);
        }
    }
}

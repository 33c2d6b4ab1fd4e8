//! One strand of a slice from its first time to its last.

use pulp::Simd;

use super::pass::{Measures, Pass, over};
use super::task::Way;
use crate::ops::rnn::update::{Forward, Update};
use crate::ops::simd::Lanes;
use crate::ops::simd::trials::{add, clear, copy, load, scale};

impl<T: Lanes, U: Update<T>> Pass<'_, T, U> {
    /// Brings the strand's inputs of all times into place, from outside or from the layer below.
    pub(super) fn feed(&mut self, strand: usize) {
        let s = self.task.sizes;
        let (layer, direction) = (strand / s.directions, strand % s.directions);
        let m = self.measures(strand);
        let n = m.cells.units;
        let x = n + m.cells.one..n + m.cells.one + m.cells.inputs;
        let dropout = self.part(self.task.given.dropout, s.time * s.between());
        let inputs = self.part(Some(self.task.given.inputs), s.time * s.inputs);
        let below_m = self.measures(strand.saturating_sub(s.directions));
        let (below, here) = self.buffers.strands.split_at_mut(strand);
        let frames = here[0].states.chunks_exact_mut(m.states).take(s.time);
        for (step, frame) in frames.enumerate() {
            let time = Measures::time(direction, step, s.time);
            let x = &mut frame[x.clone()];
            let Some(layer_below) = layer.checked_sub(1) else {
                let at = m.at(time, s.time, s.inputs);
                load(inputs.unwrap_or_default(), at, x);
                continue;
            };
            let below = &below[layer_below * s.directions..][..s.directions];
            for (d, (from, x)) in below.iter().zip(x.chunks_exact_mut(n)).enumerate() {
                let after = Measures::time(d, time, s.time) + 1;
                x.copy_from_slice(&from.states[after * below_m.states..][..n]);
                if let Some(dropout) = dropout {
                    let at = m.at(time, s.time, s.between());
                    scale(dropout, at.from(layer_below * s.read() + d * s.units), x);
                }
            }
        }
    }

    /// All updates of one strand.
    pub(super) fn forward<S: Simd>(&mut self, simd: S, strand: usize) {
        let s = self.task.sizes;
        let m = self.measures(strand);
        let n = m.cells.units;
        let noise = self.part(self.task.given.noise, s.time * s.hidden());
        let lengths = self.part(self.task.given.lengths, 1);
        let trials = self.trials.len();
        let frames = &mut self.buffers.strands[strand];
        for step in 0..s.time {
            let (before, after) = frames.states[step * m.states..].split_at_mut(m.states);
            let after = &mut after[..m.states];
            let gates = match self.task.way {
                Way::Forward => &mut self.buffers.passing[..m.frame.gates],
                _ => &mut frames.gates[step * m.gates + m.cells.above..][..m.frame.gates],
            };
            let forward = Forward {
                strand: m.cells,
                before,
                after,
                gates,
            };
            self.update
                .forward(simd, &self.packed.strands[strand], forward);
            let time = Measures::time(strand % s.directions, step, s.time);
            if let Some(noise) = noise {
                let at = m.at(time, s.time, s.hidden()).from(strand * s.units);
                add(noise, at, &mut after[m.frame.states[0]..][..n]);
            }
            for first in &m.frame.states[..U::PARTS] {
                let (from, into) = (&before[*first..][..n], &mut after[*first..][..n]);
                copy(over(lengths, time), m.cells.one, from, into);
            }
            // Trials that the slice lacks stay at zero: they could overflow, and 0 * inf is NaN.
            for part in 0..U::PARTS {
                clear(trials, m.cells.one, &mut after[m.frame.states[part]..][..n]);
            }
            self.update.read(simd, m.cells, after);
        }
    }
}

//! How one step of many states depends on the states and on the inputs: a column of the Jacobian
//! is the change of the next state along one number, for all states of a slice at once.

use pulp::Simd;

use super::pass::Pass;
use crate::ops::rnn::update::{Made, Tangent, Update};
use crate::ops::simd::{Cell, Lanes};

impl<T: Lanes, U: Update<T>> Pass<'_, T, U> {
    /// Fills `by_state` [trials, s, s] and `by_input` [trials, s, i], where they are asked for.
    pub(super) fn jacobians<S: Simd>(&mut self, simd: S, by_state: &mut [T], by_input: &mut [T]) {
        let s = self.task.sizes;
        let part = U::PARTS * s.units;
        if !by_state.is_empty() {
            // What lies above the diagonal blocks of layers is not touched below.
            if s.layers > 1 {
                by_state.fill(T::of(0.0));
            }
            for column in 0..self.task.state {
                let at = [column, self.task.state];
                let along = Tangent::State(column % part);
                self.column(simd, column / part, along, at, by_state);
            }
        }
        for column in 0..if by_input.is_empty() { 0 } else { s.inputs } {
            let at = [column, s.inputs];
            self.column(simd, 0, Tangent::Input(column), at, by_input);
        }
    }

    /// Fills one of `columns` columns of each trial's matrix: the changes of `layer` and of those
    /// above it. Layers below do not change.
    fn column<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        along: Tangent<'_, T>,
        [column, columns]: [usize; 2],
        into: &mut [T],
    ) {
        let s = self.task.sizes;
        let part = U::PARTS * s.units;
        let mut change = std::mem::take(&mut self.buffers.carried);
        self.change(simd, layer, along, &mut change);
        for above in layer..s.layers {
            if above > layer {
                // The input of a layer is y of the one below after its own step.
                self.change_above(simd, above, &mut change);
            }
            let matrices = into.chunks_exact_mut(self.task.state * columns);
            for (trial, matrix) in matrices.enumerate() {
                let rows = matrix.chunks_exact_mut(columns).skip(above * part);
                for (row, cell) in rows.zip(&change[..part]) {
                    row[column] = cell.0[trial];
                }
            }
        }
        self.buffers.carried = change;
    }

    fn change_above<S: Simd>(&mut self, simd: S, layer: usize, change: &mut [Cell<T>]) {
        let m = self.measures(layer - 1);
        let after = &self.buffers.strands[layer - 1].states[m.states..][..m.states];
        self.update
            .read_tangent(simd, m.cells, after, &mut change[..m.cells.units]);
        // The change below is the direction above: they need to be two arrays.
        let mut below = std::mem::take(&mut self.buffers.below);
        below.clear();
        below.extend_from_slice(&change[..m.cells.units]);
        self.change(simd, layer, Tangent::Inputs(&below), change);
        self.buffers.below = below;
    }

    fn change<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    ) {
        let m = self.measures(layer);
        let frames = &self.buffers.strands[layer];
        let (before, after) = frames.states.split_at(m.states);
        let made = Made {
            strand: m.cells,
            before,
            after: &after[..m.states],
            gates: &frames.gates[m.cells.above..][..m.frame.gates],
            passing: &mut self.buffers.passing,
        };
        let packed = &self.packed.strands[layer];
        self.update.tangent(simd, packed, made, along, into);
    }
}

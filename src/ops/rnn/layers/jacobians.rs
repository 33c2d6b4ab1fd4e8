//! How one step of many states depends on the states and on the inputs: a column of the Jacobian
//! is the change of the next state along one number, for all states of a slice at once.

use pulp::Simd;

use super::pass::Pass;
use crate::ops::rnn::update::{Made, Tangent, Update};
use crate::ops::simd::{Cell, Lanes, TRIALS};

/// Columns that are found before they are written: so many numbers of a row fill a line of the
/// cache, which a column by itself would fetch for one of them.
const ABREAST: usize = 16;

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
            for layer in 0..s.layers {
                let first = layer * part;
                let columns = [first, first + part, self.task.state];
                self.columns(simd, layer, columns, by_state, |at| {
                    Tangent::State(at - first)
                });
            }
        }
        if !by_input.is_empty() {
            let columns = [0, s.inputs, s.inputs];
            self.columns(simd, 0, columns, by_input, Tangent::Input);
        }
    }

    /// Fills the columns from `first` to `end` of each trial's matrix, which has `columns`: the
    /// changes of `layer` and of those above it. Layers below do not change.
    fn columns<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        [first, end, columns]: [usize; 3],
        into: &mut [T],
        along: impl Fn(usize) -> Tangent<'static, T>,
    ) {
        let (state, part) = (self.task.state, U::PARTS * self.task.sizes.units);
        let top = layer * part;
        let rows = state - top;
        let zero = Cell::splat(T::of(0.0));
        let mut tile = std::mem::take(&mut self.buffers.tile);
        tile.resize(ABREAST * rows, zero);
        for from in (first..end).step_by(ABREAST) {
            let count = ABREAST.min(end - from);
            for (at, changes) in tile.chunks_exact_mut(rows).take(count).enumerate() {
                self.column(simd, layer, along(from + at), changes);
            }
            for row in 0..rows {
                let mut block = [zero; ABREAST];
                for (at, cell) in block.iter_mut().take(count).enumerate() {
                    *cell = tile[at * rows + row];
                }
                let place = (top + row) * columns + from;
                let matrices = into.chunks_exact_mut(state * columns);
                for (trial, matrix) in (0..TRIALS).zip(matrices) {
                    let to = matrix[place..place + count].iter_mut();
                    to.zip(&block).for_each(|(to, cell)| *to = cell.0[trial]);
                }
            }
        }
        self.buffers.tile = tile;
    }

    /// The changes of `layer` and of those above it, layer by layer.
    fn column<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        along: Tangent<'_, T>,
        changes: &mut [Cell<T>],
    ) {
        let part = U::PARTS * self.task.sizes.units;
        let mut change = std::mem::take(&mut self.buffers.carried);
        self.change(simd, layer, along, &mut change);
        for (above, changes) in (layer..).zip(changes.chunks_exact_mut(part)) {
            if above > layer {
                // The input of a layer is y of the one below after its own step.
                self.change_above(simd, above, &mut change);
            }
            changes.copy_from_slice(&change[..part]);
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

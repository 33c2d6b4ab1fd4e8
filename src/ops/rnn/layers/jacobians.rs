//! Jacobians of one step with respect to states and inputs. A column of the Jacobian is the
//! derivative of the next state with respect to one element, computed for all states of a slice.

use pulp::Simd;

use super::slice::Slice;
use crate::ops::rnn::cell::{CellKernel, EvaluatedStep, Tangent};
use crate::ops::simd::{Lane16, Lanes, TRIALS};

/// Number of columns that are computed before they are written: this many elements of a row fill a
/// cache line, which a single column would fetch for one element.
const TILE_COLUMNS: usize = 16;

impl<T: Lanes, K: CellKernel<T>> Slice<'_, T, K> {
    /// Fills `by_state` [trials, s, s] and `by_input` [trials, s, i], unless they are empty.
    pub(super) fn jacobians<S: Simd>(&mut self, simd: S, by_state: &mut [T], by_input: &mut [T]) {
        let s = self.job.sizes;
        let part = K::STATE_PARTS * s.units;
        if !by_state.is_empty() {
            // `columns` does not write the blocks above the diagonal blocks of the layers.
            if s.layers > 1 {
                by_state.fill(T::of(0.0));
            }
            for layer in 0..s.layers {
                let first = layer * part;
                let columns = [first, first + part, self.job.state];
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

    /// Fills the columns `first..end` of the matrix of each trial, which has `columns` columns:
    /// the derivatives of `layer` and of the layers above it. Those of lower layers are zero.
    fn columns<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        [first, end, columns]: [usize; 3],
        into: &mut [T],
        direction: impl Fn(usize) -> Tangent<'static, T>,
    ) {
        let (state, part) = (self.job.state, K::STATE_PARTS * self.job.sizes.units);
        let top = layer * part;
        let rows = state - top;
        let zero = Lane16::splat(T::of(0.0));
        let mut tile = std::mem::take(&mut self.buffers.tile);
        tile.resize(TILE_COLUMNS * rows, zero);
        for from in (first..end).step_by(TILE_COLUMNS) {
            let count = TILE_COLUMNS.min(end - from);
            for (at, tangents) in tile.chunks_exact_mut(rows).take(count).enumerate() {
                self.column(simd, layer, direction(from + at), tangents);
            }
            for row in 0..rows {
                let mut block = [zero; TILE_COLUMNS];
                for (at, lane) in block.iter_mut().take(count).enumerate() {
                    *lane = tile[at * rows + row];
                }
                let offset = (top + row) * columns + from;
                let matrices = into.chunks_exact_mut(state * columns);
                for (trial, matrix) in (0..TRIALS).zip(matrices) {
                    let to = matrix[offset..offset + count].iter_mut();
                    to.zip(&block).for_each(|(to, lane)| *to = lane.0[trial]);
                }
            }
        }
        self.buffers.tile = tile;
    }

    /// The directional derivatives of `layer` and of the layers above it, layer by layer.
    fn column<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        direction: Tangent<'_, T>,
        tangents: &mut [Lane16<T>],
    ) {
        let part = K::STATE_PARTS * self.job.sizes.units;
        let mut tangent = std::mem::take(&mut self.buffers.d_state);
        self.sublayer_tangent(simd, layer, direction, &mut tangent);
        for (above, tangents) in (layer..).zip(tangents.chunks_exact_mut(part)) {
            if above > layer {
                // The input of a layer is the output y of the layer below after its step.
                self.propagate_up(simd, above, &mut tangent);
            }
            tangents.copy_from_slice(&tangent[..part]);
        }
        self.buffers.d_state = tangent;
    }

    fn propagate_up<S: Simd>(&mut self, simd: S, layer: usize, tangent: &mut [Lane16<T>]) {
        let m = self.frame_layout(layer - 1);
        let after = &self.buffers.sublayers[layer - 1].states[m.state_stride..][..m.state_stride];
        self.kernel
            .output_tangent(simd, m.dims, after, &mut tangent[..m.dims.units]);
        // The derivative of the layer below is the direction for this one: two separate arrays.
        let mut below = std::mem::take(&mut self.buffers.tangent_below);
        below.clear();
        below.extend_from_slice(&tangent[..m.dims.units]);
        self.sublayer_tangent(simd, layer, Tangent::Inputs(&below), tangent);
        self.buffers.tangent_below = below;
    }

    fn sublayer_tangent<S: Simd>(
        &mut self,
        simd: S,
        layer: usize,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let m = self.frame_layout(layer);
        let frames = &self.buffers.sublayers[layer];
        let (before, after) = frames.states.split_at(m.state_stride);
        let evaluated = EvaluatedStep {
            dims: m.dims,
            before,
            after: &after[..m.state_stride],
            gates: &frames.gates[m.dims.outputs..][..m.frame.gates],
            scratch: &mut self.buffers.scratch,
        };
        let packed = &self.packed.sublayers[layer];
        self.kernel
            .tangent(simd, packed, evaluated, direction, into);
    }
}

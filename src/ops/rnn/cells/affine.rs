//! The packed matrices of the cells with the pre-activations wI x + wR y + bR. With g gates, wI is
//! [g n, i], wR [g n, n] and bR [g n], in this order in the parameters after the initial states.

use pulp::Simd;

use crate::ops::rnn::cell::{BackwardPanels, LayerDims, Tangent, Weights};
use crate::ops::simd::gemm::{Block, Panels, gemm_columns};
use crate::ops::simd::{Lane16, Lanes};

/// The packed matrices.
#[derive(Default)]
pub struct AffinePanels<T> {
    /// [wR bR wI], multiplies [y, 1, x].
    pub forward: Panels<T>,
    backward: BackwardPanels<T>,
}

impl<T> AsRef<BackwardPanels<T>> for AffinePanels<T> {
    fn as_ref(&self) -> &BackwardPanels<T> {
        &self.backward
    }
}

impl<T: Lanes> AffinePanels<T> {
    pub fn pack(&mut self, weights: &Weights<'_, T>) {
        let (n, i, config) = (weights.dims.units, weights.dims.inputs, weights.config);
        let rows = weights.params.len() / (i + n + 1);
        let (w_in, rest) = weights.params.split_at(rows * i);
        let (w_rec, bias) = rest.split_at(rows * n);
        let blocks = [
            Block::row_major(w_rec, n),
            Block::row_major(bias, 1),
            Block::row_major(w_in, i),
        ];
        self.forward.pack(config, rows, &blocks);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, rows);
            let BackwardPanels { output, input } = &mut self.backward;
            output.pack(config, n, &[weights.readout, recurrent]);
            input.pack(config, i, &[Block::transposed(w_in, i, rows)]);
        }
    }

    /// Directional derivatives of the pre-activations with respect to y or the input. They are 0
    /// for the other parts of the state.
    #[inline(always)]
    pub fn preactivation_tangents<S: Simd>(
        &self,
        simd: S,
        s: LayerDims,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let units = s.units / s.groups;
        match direction {
            Tangent::State(k) if k < units => self.forward.load_column(k, into),
            Tangent::State(_) => into.fill(Lane16::splat(T::of(0.0))),
            Tangent::Input(k) => self.forward.load_column(units + 1 + k, into),
            Tangent::Inputs(x) => gemm_columns(simd, &self.forward, units + 1, x, into),
        }
    }
}

//! The pre-activations wI x + wR y + bR of the cells that have one pair of matrices: packed
//! matrices, products and gradients. With g gates, wI is [g n, i], wR [g n, n] and bR [g n], in
//! this order in the parameters after the initial states.

use pulp::Simd;

use crate::ops::rnn::cell::{GradientProduct, LayerDims, OutputBackward, Tangent, Weights, add};
use crate::ops::simd::elementwise;
use crate::ops::simd::gemm::{Block, Panels, gemm_add, gemm_columns};
use crate::ops::simd::{Lane16, Lanes};

/// The packed matrices.
#[derive(Default)]
pub struct AffinePanels<T> {
    /// [wR bR wI], multiplies [y, 1, x].
    pub forward: Panels<T>,
    /// [wO' wR'], multiplies the gradients with respect to [outputs, pre-activations].
    backward: Panels<T>,
    /// wI', multiplies the gradients with respect to the pre-activations.
    input_backward: Panels<T>,
}

impl<T: Lanes> AffinePanels<T> {
    pub fn pack(&mut self, gates: usize, weights: &Weights<'_, T>) {
        let (n, i, config) = (weights.dims.units, weights.dims.inputs, weights.config);
        let rows = gates * n;
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
            self.backward.pack(config, n, &[weights.readout, recurrent]);
            self.input_backward
                .pack(config, i, &[Block::transposed(w_in, i, rows)]);
        }
    }

    /// Adds the gradient that reaches y through its readers to `d_y`.
    #[inline(always)]
    pub fn add_output_gradient<S: Simd>(
        &self,
        simd: S,
        [cotangents, from_above]: [&[Lane16<T>]; 2],
        d_y: &mut [Lane16<T>],
    ) {
        gemm_add(simd, &self.backward, cotangents, d_y);
        elementwise::add(simd, d_y, from_above);
    }

    /// The backward pass through the output of a cell whose first state part is y.
    #[inline(always)]
    pub fn output_backward<S: Simd>(&self, simd: S, step: OutputBackward<'_, T>) {
        let d_y = &mut step.d_state[..step.dims.units];
        self.add_output_gradient(simd, [step.cotangents, step.from_above], d_y);
    }

    /// Adds the gradient with respect to the input.
    #[inline(always)]
    pub fn input_backward<S: Simd>(&self, simd: S, gates: &[Lane16<T>], into: &mut [Lane16<T>]) {
        gemm_add(simd, &self.input_backward, gates, into);
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

/// The single product that contributes to the gradient of the parameters.
pub fn gradient_product(gates: usize, s: LayerDims, k: usize) -> Option<GradientProduct> {
    (k == 0).then_some(GradientProduct {
        gates: 0..gates * s.units,
        states: 0..s.units + 1 + s.inputs,
    })
}

/// Adds row r of the product to the gradients of wI, wR and bR.
pub fn add_gradient<T: Lanes>(gates: usize, s: LayerDims, r: usize, sums: &[T], into: &mut [T]) {
    let (n, i) = (s.units, s.inputs);
    let (w_in, rest) = into.split_at_mut(gates * n * i);
    let (w_rec, bias) = rest.split_at_mut(gates * n * n);
    add(&mut w_in[r * i..][..i], &sums[n + 1..]);
    add(&mut w_rec[r * n..][..n], &sums[..n]);
    bias[r] += sums[n];
}

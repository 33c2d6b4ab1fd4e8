//! Kernels of the update-gate RNN.

use pulp::Simd;

use super::Ugrnn;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, FrameSpec, GradientProduct, LayerDims,
    OutputBackward, Tangent, Weights, add,
};
use crate::ops::simd::elementwise::{self, each_1_4, each_2_2, each_3_1};
use crate::ops::simd::gemm::{Block, Panels, gemm, gemm_add, gemm_columns};
use crate::ops::simd::math::{sigmoid, tanh};
use crate::ops::simd::{Lane16, Lanes};

/// Packed parameters. Gates: [c, g]; after the backward pass, the gradients with respect to their
/// pre-activations.
#[derive(Default)]
pub struct Packed<T> {
    /// [wR bR wI], multiplies [h, 1, x].
    gates: Panels<T>,
    /// [wO' wR'], multiplies the gradients with respect to [outputs, pre-activations].
    backward: Panels<T>,
    /// wI', multiplies the gradients with respect to the pre-activations.
    input_backward: Panels<T>,
}

impl<T: Lanes> Packed<T> {
    /// Directional derivatives of the pre-activations of both gates.
    #[inline(always)]
    fn preactivation_tangents<S: Simd>(
        &self,
        simd: S,
        units: usize,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        match direction {
            Tangent::State(k) => self.gates.load_column(k, into),
            Tangent::Input(k) => self.gates.load_column(units + 1 + k, into),
            Tangent::Inputs(x) => gemm_columns(simd, &self.gates, units + 1, x, into),
        }
    }
}

impl<T: Lanes> CellKernel<T> for Ugrnn {
    type Packed = Packed<T>;

    fn num_params(i: usize, n: usize) -> usize {
        2 * n * (i + n + 1) + n
    }

    fn frame_spec(s: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 0,
            gates: 2 * s.units,
            recurrent: 2 * s.units,
            state_offsets: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let (n, i, config) = (weights.dims.units, weights.dims.inputs, weights.config);
        let (w_in, rest) = weights.params.split_at(2 * n * i);
        let (w_rec, bias) = rest.split_at(2 * n * n);
        let blocks = [
            Block::row_major(w_rec, n),
            Block::row_major(bias, 1),
            Block::row_major(w_in, i),
        ];
        into.gates.pack(config, 2 * n, &blocks);
        into.gates
            .add_to_column(n..2 * n, n, T::of(self.update_bias));
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, 2 * n);
            into.backward.pack(config, n, &[weights.readout, recurrent]);
            into.input_backward
                .pack(config, i, &[Block::transposed(w_in, i, 2 * n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let n = step.dims.units;
        let end = n + step.dims.groups + step.dims.inputs;
        gemm(simd, &packed.gates, &step.before[..end], step.gates);
        let (c, g) = step.gates.split_at_mut(n);
        let after = &mut step.after[..n];
        each_3_1(
            simd,
            [after, c, &mut g[..n]],
            [step.before],
            |[after, c, g], [h]| {
                *c = tanh::<S, T>(*c);
                *g = sigmoid::<S, T>(*g);
                *after = *c + *g * (h - *c);
            },
        );
    }

    fn output_backward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: OutputBackward<'_, T>) {
        gemm_add(simd, &packed.backward, step.cotangents, step.d_state);
        elementwise::add(simd, step.d_state, step.from_above);
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        let n = step.dims.units;
        let one = T::of(1.0);
        let (c, g) = step.gates.split_at_mut(n);
        each_3_1(
            simd,
            [step.d_state, c, &mut g[..n]],
            [&step.before[..n]],
            move |[d, c, g], [h]| {
                let (d_h, candidate, update) = (*d, *c, *g);
                *c = d_h * (one - update) * (one - candidate * candidate);
                *g = d_h * (h - candidate) * update * (one - update);
                *d = d_h * update;
            },
        );
    }

    fn gradient_product(s: LayerDims, k: usize) -> Option<GradientProduct> {
        (k == 0).then_some(GradientProduct {
            gates: 0..2 * s.units,
            states: 0..s.units + 1 + s.inputs,
        })
    }

    fn add_gradient(s: LayerDims, _: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let (w_in, rest) = into.split_at_mut(2 * n * i);
        let (w_rec, bias) = rest.split_at_mut(2 * n * n);
        add(&mut w_in[r * i..][..i], &sums[n + 1..]);
        add(&mut w_rec[r * n..][..n], &sums[..n]);
        bias[r] += sums[n];
    }

    fn input_backward<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        gates: &[Lane16<T>],
        into: &mut [Lane16<T>],
    ) {
        gemm_add(simd, &packed.input_backward, gates, into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        step: EvaluatedStep<'_, T>,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let LayerDims {
            units: n, groups, ..
        } = step.dims;
        let units = n / groups;
        let one = T::of(1.0);
        let (c, g) = step.gates.split_at(n);
        let tangents = &mut step.scratch[..2 * n];
        packed.preactivation_tangents(simd, units, direction, tangents);
        let (d_c, d_g) = tangents.split_at_mut(n);
        each_2_2(
            simd,
            [d_c, &mut d_g[..n]],
            [c, g],
            move |[d_c, d_g], [c, g]| {
                *d_c *= (one - g) * (one - c * c);
                *d_g *= g * (one - g);
            },
        );
        let into = &mut into[..n];
        each_1_4(
            simd,
            [&mut *into],
            [d_c, d_g, &step.before[..n], c],
            move |[x], [d_c, d_g, h, c]| *x = d_c + d_g * (h - c),
        );
        if let Tangent::State(k) = direction {
            elementwise::add(simd, &mut into[k * groups..], &g[k * groups..][..groups]);
        }
    }
}

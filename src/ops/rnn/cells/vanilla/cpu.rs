//! Kernels of the vanilla cell.

use pulp::Simd;

use super::Vanilla;
use super::packed::Packed;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, FrameSpec, GradientProduct, LayerDims,
    OutputBackward, Tangent, Weights, add,
};
use crate::ops::simd::elementwise::{self, each_1_1};
use crate::ops::simd::gemm::{Block, gemm, gemm_add};
use crate::ops::simd::{Lane16, Lanes};

impl<T: Lanes> CellKernel<T> for Vanilla {
    type Packed = Packed<T>;

    fn num_params(i: usize, n: usize) -> usize {
        n * (i + n + 2)
    }

    fn frame_spec(dims: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 0,
            gates: dims.units,
            recurrent: dims.units,
            state_offsets: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let LayerDims {
            units: n,
            inputs: i,
            ..
        } = weights.dims;
        let config = weights.config;
        let (w_in, rest) = weights.params.split_at(n * i);
        let (w_rec, b_rec) = rest.split_at(n * n);
        let blocks = [
            Block::row_major(w_rec, n),
            Block::row_major(b_rec, 1),
            Block::row_major(w_in, i),
        ];
        into.forward.pack(config, n, &blocks);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, n);
            into.backward.pack(config, n, &[weights.readout, recurrent]);
            into.input_backward
                .pack(config, i, &[Block::transposed(w_in, i, n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let LayerDims {
            units: n,
            groups,
            inputs: i,
            ..
        } = step.dims;
        let h = &mut step.after[..n];
        gemm(simd, &packed.forward, &step.before[..n + groups + i], h);
        self.nonlinearity.apply(simd, h, step.gates);
    }

    fn output_backward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: OutputBackward<'_, T>) {
        gemm_add(simd, &packed.backward, step.cotangents, step.d_state);
        elementwise::add(simd, step.d_state, step.from_above);
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        each_1_1(simd, [step.gates], [step.d_state], |[derivative], [d]| {
            *derivative *= d
        });
        step.d_state.fill(Lane16::splat(T::of(0.0)));
    }

    fn gradient_product(s: LayerDims, k: usize) -> Option<GradientProduct> {
        (k == 0).then_some(GradientProduct {
            gates: 0..s.units,
            states: 0..s.units + 1 + s.inputs,
        })
    }

    fn add_gradient(s: LayerDims, _: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let (w_in, rest) = into.split_at_mut(n * i);
        let (w_rec, b_rec) = rest.split_at_mut(n * n);
        add(&mut w_in[r * i..][..i], &sums[n + 1..]);
        add(&mut w_rec[r * n..][..n], &sums[..n]);
        b_rec[r] += sums[n];
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
        packed.preactivation_tangent(simd, step.dims, direction, into);
        each_1_1(simd, [into], [step.gates], |[tangent], [derivative]| {
            *tangent *= derivative
        });
    }
}

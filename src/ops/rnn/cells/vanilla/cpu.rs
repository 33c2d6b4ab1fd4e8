//! Kernels of the vanilla cell.

use pulp::Simd;

use super::Vanilla;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, FrameSpec, GradientProduct, LayerDims,
    OutputBackward, Tangent, Weights,
};
use crate::ops::rnn::cells::affine::{self, AffinePanels};
use crate::ops::simd::elementwise::each_1_1;
use crate::ops::simd::gemm::gemm;
use crate::ops::simd::{Lane16, Lanes};

/// The gates contain f' after the forward pass, and the gradients with respect to the
/// pre-activations after the backward pass.
impl<T: Lanes> CellKernel<T> for Vanilla {
    type Packed = AffinePanels<T>;

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

    fn pack(&self, weights: &Weights<'_, T>, into: &mut AffinePanels<T>) {
        into.pack(1, weights);
    }

    fn forward<S: Simd>(&self, simd: S, packed: &AffinePanels<T>, step: Forward<'_, T>) {
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

    fn output_backward<S: Simd>(
        &self,
        simd: S,
        packed: &AffinePanels<T>,
        step: OutputBackward<'_, T>,
    ) {
        packed.output_backward(simd, step);
    }

    fn backward<S: Simd>(&self, simd: S, _: &AffinePanels<T>, step: Backward<'_, T>) {
        each_1_1(simd, [step.gates], [step.d_state], |[derivative], [d]| {
            *derivative *= d
        });
        step.d_state.fill(Lane16::splat(T::of(0.0)));
    }

    fn gradient_product(s: LayerDims, k: usize) -> Option<GradientProduct> {
        affine::gradient_product(1, s, k)
    }

    fn add_gradient(s: LayerDims, _: usize, r: usize, sums: &[T], into: &mut [T]) {
        affine::add_gradient(1, s, r, sums, into);
    }

    fn input_backward<S: Simd>(
        &self,
        simd: S,
        packed: &AffinePanels<T>,
        gates: &[Lane16<T>],
        into: &mut [Lane16<T>],
    ) {
        packed.input_backward(simd, gates, into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &AffinePanels<T>,
        step: EvaluatedStep<'_, T>,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        packed.preactivation_tangents(simd, step.dims, direction, into);
        each_1_1(simd, [into], [step.gates], |[tangent], [derivative]| {
            *tangent *= derivative
        });
    }
}

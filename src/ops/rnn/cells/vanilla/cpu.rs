//! Kernels of the vanilla cell.

use pulp::Simd;

use super::Vanilla;
use crate::ops::rnn::cell::{Backward, CellKernel, EvaluatedStep, Forward, Tangent, Weights};
use crate::ops::rnn::cells::affine::AffinePanels;
use crate::ops::simd::elementwise::each_1_1;
use crate::ops::simd::gemm::gemm;
use crate::ops::simd::{Lane16, Lanes};

/// The gates contain f' after the forward pass, and the gradients with respect to the
/// pre-activations after the backward pass.
impl<T: Lanes> CellKernel<T> for Vanilla {
    type Packed = AffinePanels<T>;

    fn pack(&self, weights: &Weights<'_, T>, into: &mut AffinePanels<T>) {
        into.pack(weights);
    }

    fn forward<S: Simd>(&self, simd: S, packed: &AffinePanels<T>, step: Forward<'_, T>) {
        let h = &mut step.after[..step.dims.units];
        let end = step.dims.operands();
        gemm(simd, &packed.forward, &step.before[..end], h);
        self.nonlinearity.apply(simd, h, step.gates);
    }

    fn backward<S: Simd>(&self, simd: S, _: &AffinePanels<T>, step: Backward<'_, T>) {
        each_1_1(simd, [step.gates], [step.d_state], |[derivative], [d]| {
            *derivative *= d
        });
        step.d_state.fill(Lane16::splat(T::of(0.0)));
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

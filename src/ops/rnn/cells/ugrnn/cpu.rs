//! Kernels of the update-gate RNN.

use pulp::Simd;

use super::Ugrnn;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, LayerDims, Tangent, Weights,
};
use crate::ops::rnn::cells::affine::AffinePanels;
use crate::ops::simd::elementwise::{self, each_1_4, each_2_2, each_3_1};
use crate::ops::simd::gemm::gemm;
use crate::ops::simd::math::{sigmoid, tanh};
use crate::ops::simd::{Lane16, Lanes};

/// Gates: [c, g]; after the backward pass, the gradients with respect to their pre-activations.
impl<T: Lanes> CellKernel<T> for Ugrnn {
    type Packed = AffinePanels<T>;

    fn pack(&self, weights: &Weights<'_, T>, into: &mut AffinePanels<T>) {
        into.pack(weights);
        let n = weights.dims.units;
        into.forward
            .add_to_column(n..2 * n, n, T::of(self.update_bias));
    }

    fn forward<S: Simd>(&self, simd: S, packed: &AffinePanels<T>, step: Forward<'_, T>) {
        let n = step.dims.units;
        let end = step.dims.operands();
        gemm(simd, &packed.forward, &step.before[..end], step.gates);
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

    fn backward<S: Simd>(&self, simd: S, _: &AffinePanels<T>, step: Backward<'_, T>) {
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

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &AffinePanels<T>,
        step: EvaluatedStep<'_, T>,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let LayerDims {
            units: n, groups, ..
        } = step.dims;
        let one = T::of(1.0);
        let (c, g) = step.gates.split_at(n);
        let tangents = &mut step.scratch[..2 * n];
        packed.preactivation_tangents(simd, step.dims, direction, tangents);
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

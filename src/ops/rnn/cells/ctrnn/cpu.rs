//! Kernels of the continuous-time cell.

use pulp::Simd;

use super::Ctrnn;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, FrameSpec, LayerDims, OutputBackward, Tangent,
    Weights,
};
use crate::ops::rnn::cells::affine::AffinePanels;
use crate::ops::simd::elementwise::{self, each_1_0, each_1_1, each_1_2, each_2_0};
use crate::ops::simd::gemm::{gemm, gemm_add};
use crate::ops::simd::{Lane16, Lanes};

impl Ctrnn {
    fn alpha<T: Lanes>(&self) -> T {
        T::of(self.dt / self.tau)
    }
}

/// The state frame contains [a, f'(a)] after [f(a), 1, x]. The gates contain the gradients with
/// respect to the pre-activations after the backward pass; the backward pass does not need their
/// forward values.
impl<T: Lanes> CellKernel<T> for Ctrnn {
    type Packed = AffinePanels<T>;

    fn frame_spec(s: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 2 * s.units,
            gates: s.units,
            recurrent: s.units,
            state_offsets: [s.operands(), 0],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut AffinePanels<T>) {
        into.pack(weights);
    }

    fn output<S: Simd>(&self, simd: S, s: LayerDims, frame: &mut [Lane16<T>]) {
        let (rates, rest) = frame.split_at_mut(s.units);
        let (a, derivatives) = rest[s.groups + s.inputs..].split_at_mut(s.units);
        rates.copy_from_slice(a);
        self.nonlinearity
            .apply(simd, rates, &mut derivatives[..s.units]);
    }

    fn forward<S: Simd>(&self, simd: S, packed: &AffinePanels<T>, step: Forward<'_, T>) {
        let n = step.dims.units;
        let end = step.dims.operands();
        let alpha = self.alpha::<T>();
        gemm(simd, &packed.forward, &step.before[..end], step.gates);
        let (before, after) = (&step.before[end..], &mut step.after[end..][..n]);
        each_1_2(
            simd,
            [after],
            [before, step.gates],
            move |[after], [a, sum]| {
                *after = a + alpha * (sum - a);
            },
        );
    }

    fn output_backward<S: Simd>(
        &self,
        simd: S,
        packed: &AffinePanels<T>,
        step: OutputBackward<'_, T>,
    ) {
        let n = step.dims.units;
        let end = step.dims.operands();
        let derivatives = &step.frame[end + n..][..n];
        let d_y = step.scratch;
        d_y.fill(Lane16::splat(T::of(0.0)));
        gemm_add(simd, &packed.as_ref().output, step.cotangents, d_y);
        elementwise::add(simd, d_y, step.from_above);
        each_1_2(
            simd,
            [step.d_state],
            [d_y, derivatives],
            |[d], [x, derivative]| *d += x * derivative,
        );
    }

    fn backward<S: Simd>(&self, simd: S, _: &AffinePanels<T>, step: Backward<'_, T>) {
        let alpha = self.alpha::<T>();
        let decay = T::of(1.0) - alpha;
        each_2_0(
            simd,
            [step.gates, step.d_state],
            [],
            move |[gate, d], []| {
                *gate = alpha * *d;
                *d *= decay;
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
        let alpha = self.alpha::<T>();
        let derivatives = &step.before[n + step.dims.operands()..][..n];
        let into = &mut into[..n];
        packed.preactivation_tangents(simd, step.dims, direction, into);
        each_1_0(simd, [&mut *into], [], move |[x], []| *x *= alpha);
        let Tangent::State(k) = direction else { return };
        let (decay, here) = (T::of(1.0) - alpha, k * groups..(k + 1) * groups);
        for lanes in into.chunks_exact_mut(groups) {
            each_1_1(
                simd,
                [lanes],
                [&derivatives[here.clone()]],
                |[x], [derivative]| *x *= derivative,
            );
        }
        each_1_0(simd, [&mut into[here]], [], move |[x], []| *x += decay);
    }

    fn output_tangent<S: Simd>(
        &self,
        simd: S,
        s: LayerDims,
        frame: &[Lane16<T>],
        tangent: &mut [Lane16<T>],
    ) {
        let derivatives = &frame[s.units + s.operands()..][..s.units];
        each_1_1(simd, [tangent], [derivatives], |[x], [derivative]| {
            *x *= derivative
        });
    }
}

//! Kernels of the LSTM.

use pulp::Simd;

use super::Lstm;
use crate::ops::rnn::cell::{
    Backward, CellKernel, EvaluatedStep, Forward, FrameSpec, LayerDims, Tangent, Weights,
};
use crate::ops::rnn::cells::affine::AffinePanels;
use crate::ops::simd::elementwise::{self, each_1_3, each_1_4, each_3_1, each_4_1};
use crate::ops::simd::gemm::gemm;
use crate::ops::simd::math::{sigmoid, tanh};
use crate::ops::simd::{Lane16, Lanes};

/// The four gates i, f, g, o.
fn split_gates<T>(gates: &[Lane16<T>]) -> [&[Lane16<T>]; 4] {
    let n = gates.len() / 4;
    std::array::from_fn(|k| &gates[k * n..(k + 1) * n])
}

fn split_gates_mut<T>(gates: &mut [Lane16<T>]) -> [&mut [Lane16<T>]; 4] {
    let (if_, go) = gates.split_at_mut(gates.len() / 2);
    let (i, f) = if_.split_at_mut(if_.len() / 2);
    let (g, o) = go.split_at_mut(go.len() / 2);
    [i, f, g, o]
}

/// The cell state of a frame: [c, tanh c].
fn cell_state<T>(s: LayerDims, frame: &[Lane16<T>]) -> [&[Lane16<T>]; 2] {
    let (c, tanh_c) = frame[s.operands()..].split_at(s.units);
    [c, &tanh_c[..s.units]]
}

/// Gates: [i, f, g, o]; after the backward pass, the gradients with respect to their
/// pre-activations. The state frame contains [c, tanh c] after [h, 1, x].
impl<T: Lanes> CellKernel<T> for Lstm {
    type Packed = AffinePanels<T>;

    fn frame_spec(s: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 2 * s.units,
            gates: 4 * s.units,
            recurrent: 4 * s.units,
            state_offsets: [0, s.operands()],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut AffinePanels<T>) {
        into.pack(weights);
    }

    fn forward<S: Simd>(&self, simd: S, packed: &AffinePanels<T>, step: Forward<'_, T>) {
        let s = step.dims;
        let (n, end) = (s.units, s.operands());
        gemm(simd, &packed.forward, &step.before[..end], step.gates);
        let [i, f, g, o] = split_gates_mut(step.gates);
        let (h, rest) = step.after.split_at_mut(n);
        let (c, tanh_c) = rest[s.groups + s.inputs..].split_at_mut(n);
        let before = &step.before[end..][..n];
        each_4_1(simd, [i, f, g, c], [before], |[i, f, g, c], [before]| {
            *i = sigmoid::<S, T>(*i);
            *f = sigmoid::<S, T>(*f);
            *g = tanh::<S, T>(*g);
            *c = *f * before + *i * *g;
        });
        each_3_1(
            simd,
            [h, &mut tanh_c[..n], o],
            [c],
            |[h, tanh_c, o], [c]| {
                *o = sigmoid::<S, T>(*o);
                *tanh_c = tanh::<S, T>(c);
                *h = *o * *tanh_c;
            },
        );
    }

    fn backward<S: Simd>(&self, simd: S, _: &AffinePanels<T>, step: Backward<'_, T>) {
        let (d_h, d_c) = step.d_state.split_at_mut(step.dims.units);
        let [i, f, g, o] = split_gates_mut(step.gates);
        let [_, tanh_c] = cell_state(step.dims, step.after);
        let [before, _] = cell_state(step.dims, step.before);
        let one = T::of(1.0);
        each_3_1(
            simd,
            [d_h, d_c, o],
            [tanh_c],
            move |[d_h, d_c, o], [tanh_c]| {
                let (d, open) = (*d_h, *o);
                *o = d * tanh_c * open * (one - open);
                *d_c += d * open * (one - tanh_c * tanh_c);
                *d_h = T::of(0.0);
            },
        );
        each_4_1(
            simd,
            [i, f, g, d_c],
            [before],
            move |[i, f, g, d], [before]| {
                let (d_c, input, forget, new) = (*d, *i, *f, *g);
                *i = d_c * new * input * (one - input);
                *f = d_c * before * forget * (one - forget);
                *g = d_c * input * (one - new * new);
                *d = d_c * forget;
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
        let s = step.dims;
        let (n, units) = (s.units, s.units / s.groups);
        let d_preactivations = &mut step.scratch[..4 * n];
        packed.preactivation_tangents(simd, step.dims, direction, d_preactivations);
        let [d_i, d_f, d_g, d_o] = split_gates(d_preactivations);
        let [i, f, g, o] = split_gates(step.gates);
        let ([before, _], [_, tanh_c]) = (cell_state(s, step.before), cell_state(s, step.after));
        let (h, c) = into.split_at_mut(n);
        let one = T::of(1.0);
        let c = &mut c[..n];
        each_1_3(simd, [c], [d_f, f, before], move |[c], [d_f, f, before]| {
            *c = f * (one - f) * before * d_f;
        });
        each_1_4(simd, [c], [d_i, i, d_g, g], move |[c], [d_i, i, d_g, g]| {
            *c += i * (one - i) * g * d_i + i * (one - g * g) * d_g;
        });
        if let Tangent::State(k) = direction
            && let Some(k) = k.checked_sub(units)
        {
            elementwise::add(simd, &mut c[k * s.groups..], &f[k * s.groups..][..s.groups]);
        }
        each_1_4(
            simd,
            [h],
            [d_o, o, tanh_c, c],
            move |[h], [d_o, o, tanh_c, d_c]| {
                *h = o * (one - o) * tanh_c * d_o + o * (one - tanh_c * tanh_c) * d_c;
            },
        );
    }
}

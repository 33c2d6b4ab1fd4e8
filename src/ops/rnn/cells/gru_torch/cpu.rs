//! Kernels of the GRU with the reset gate after the matrix.

use pulp::Simd;

use super::GruTorch;
use crate::ops::rnn::cell::{
    Backward, BackwardPanels, CellKernel, EvaluatedStep, Forward, FrameSpec, GradientProduct,
    LayerDims, Tangent, Weights, add,
};
use crate::ops::simd::elementwise::{self, each_1_4, each_2_1, each_3_1, each_4_2};
use crate::ops::simd::gemm::{Block, Panels, gemm, gemm_add, gemm_add_columns, gemm_columns};
use crate::ops::simd::math::{sigmoid, tanh};
use crate::ops::simd::{Lane16, Lanes};

/// Packed parameters. Gates: [r, z, q, n]; after the backward pass, the gradients with respect to
/// the pre-activations of r and z, to q and to the pre-activations of n.
#[derive(Default)]
pub struct Packed<T> {
    /// Rows r and z of [wR b wI], b = bI + bR, multiplies [h, 1, x].
    gates: Panels<T>,
    /// Rows n of [wR bR], multiplies [h, 1].
    hidden: Panels<T>,
    /// Rows n of [bI wI], multiplies [1, x].
    input: Panels<T>,
    /// [wO' wR'], and wI' of r and z.
    backward: BackwardPanels<T>,
    /// wI' of n.
    candidate_input: Panels<T>,
}

impl<T> AsRef<BackwardPanels<T>> for Packed<T> {
    fn as_ref(&self) -> &BackwardPanels<T> {
        &self.backward
    }
}

/// Offsets of wR, bI and bR in the parameters after h0 (wI, wR, bI, bR).
fn offsets(i: usize, n: usize) -> [usize; 3] {
    [3 * n * i, 3 * n * (i + n), 3 * n * (i + n + 1)]
}

impl<T: Lanes> Packed<T> {
    /// Directional derivatives of the pre-activations of r and z, of q, and of the part of the
    /// pre-activation of n that is computed from the input.
    #[inline(always)]
    fn preactivation_tangents<S: Simd>(
        &self,
        simd: S,
        units: usize,
        direction: Tangent<'_, T>,
        [rz, dq, input]: [&mut [Lane16<T>]; 3],
    ) {
        let zero = Lane16::splat(T::of(0.0));
        match direction {
            Tangent::State(k) => {
                self.gates.load_column(k, rz);
                self.hidden.load_column(k, dq);
                input.fill(zero);
            }
            Tangent::Input(k) => {
                self.gates.load_column(units + 1 + k, rz);
                dq.fill(zero);
                self.input.load_column(1 + k, input);
            }
            Tangent::Inputs(x) => {
                gemm_columns(simd, &self.gates, units + 1, x, rz);
                dq.fill(zero);
                input.fill(zero);
                gemm_add_columns(simd, &self.input, 1, x, input);
            }
        }
    }
}

impl<T: Lanes> CellKernel<T> for GruTorch {
    type Packed = Packed<T>;

    fn num_params(i: usize, n: usize) -> usize {
        3 * n * (i + n + 2) + n
    }

    fn frame_spec(s: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 0,
            gates: 4 * s.units,
            recurrent: 3 * s.units,
            state_offsets: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let (n, i, config) = (weights.dims.units, weights.dims.inputs, weights.config);
        let [w_rec, b_in, b_rec] = offsets(i, n);
        let p = weights.params;
        let (w_in, w_rec, b_in, b_rec) =
            (&p[..w_rec], &p[w_rec..b_in], &p[b_in..b_rec], &p[b_rec..]);
        let rz = [
            Block::row_major(w_rec, n),
            Block::row_major(b_in, 1),
            Block::row_major(w_in, i),
        ];
        into.gates.pack(config, 2 * n, &rz);
        for (row, bias) in b_rec[..2 * n].iter().enumerate() {
            into.gates.add_to_column(row..row + 1, n, *bias);
        }
        let hidden = [
            Block::row_major(&w_rec[2 * n * n..], n),
            Block::row_major(&b_rec[2 * n..], 1),
        ];
        into.hidden.pack(config, n, &hidden);
        let input = [
            Block::row_major(&b_in[2 * n..], 1),
            Block::row_major(&w_in[2 * n * i..], i),
        ];
        into.input.pack(config, n, &input);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, 3 * n);
            let BackwardPanels { output, input } = &mut into.backward;
            output.pack(config, n, &[weights.readout, recurrent]);
            input.pack(config, i, &[Block::transposed(w_in, i, 2 * n)]);
            into.candidate_input
                .pack(config, i, &[Block::transposed(&w_in[2 * n * i..], i, n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let (n, end) = (step.dims.units, step.dims.operands());
        let (rz, rest) = step.gates.split_at_mut(2 * n);
        let (q, candidate) = rest.split_at_mut(n);
        gemm(simd, &packed.gates, &step.before[..end], rz);
        gemm(
            simd,
            &packed.hidden,
            &step.before[..n + step.dims.groups],
            q,
        );
        gemm(simd, &packed.input, &step.before[n..end], candidate);
        let (r, z) = rz.split_at_mut(n);
        let targets = [&mut step.after[..n], r, z, candidate];
        each_4_2(
            simd,
            targets,
            [q, step.before],
            |[after, r, z, c], [q, h]| {
                *r = sigmoid::<S, T>(*r);
                *z = sigmoid::<S, T>(*z);
                *c = tanh::<S, T>(*c + *r * q);
                *after = *c + *z * (h - *c);
            },
        );
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        let n = step.dims.units;
        let (rz, rest) = step.gates.split_at_mut(2 * n);
        let (r, z) = rz.split_at_mut(n);
        let (q, candidate) = rest.split_at_mut(n);
        let one = T::of(1.0);
        let h = &step.before[..n];
        each_3_1(
            simd,
            [z, candidate, step.d_state],
            [h],
            move |[z, c, d], [h]| {
                let (update, new, d_h) = (*z, *c, *d);
                *z = d_h * (h - new) * update * (one - update);
                *c = d_h * (one - update) * (one - new * new);
                *d = d_h * update;
            },
        );
        each_2_1(simd, [r, q], [candidate], move |[r, q], [d]| {
            let (reset, hidden) = (*r, *q);
            *r = d * hidden * reset * (one - reset);
            *q = d * reset;
        });
    }

    fn gradient_product(s: LayerDims, k: usize) -> Option<GradientProduct> {
        let (n, end) = (s.units, s.units + 1 + s.inputs);
        let all = [
            (0..2 * n, 0..end),
            (2 * n..3 * n, 0..n + 1),
            (3 * n..4 * n, n..end),
        ];
        let one = all.get(k).cloned();
        one.map(|(gates, states)| GradientProduct { gates, states })
    }

    fn add_gradient(s: LayerDims, k: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let [w_rec, b_in, b_rec] = offsets(i, n);
        let row = if k == 0 { r } else { 2 * n + r };
        if k < 2 {
            add(&mut into[w_rec + row * n..][..n], &sums[..n]);
            into[b_rec + row] += sums[n];
        }
        if k != 1 {
            let sums = &sums[if k == 0 { n } else { 0 }..];
            into[b_in + row] += sums[0];
            add(&mut into[row * i..][..i], &sums[1..]);
        }
    }

    fn input_backward<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        gates: &[Lane16<T>],
        into: &mut [Lane16<T>],
    ) {
        let n = gates.len() / 4;
        gemm_add(simd, &packed.backward.input, &gates[..2 * n], into);
        gemm_add(simd, &packed.candidate_input, &gates[3 * n..], into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        step: EvaluatedStep<'_, T>,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let (n, groups) = (step.dims.units, step.dims.groups);
        let units = n / groups;
        let (rz, dq) = step.scratch[..3 * n].split_at_mut(2 * n);
        packed.preactivation_tangents(simd, units, direction, [rz, dq, &mut into[..n]]);
        let one = T::of(1.0);
        let (dr, dz) = rz.split_at(n);
        let (r, rest) = step.gates.split_at(n);
        let (z, rest) = rest.split_at(n);
        let (q, candidate) = rest.split_at(n);
        // The derivative of the pre-activation of n: ds + r' q + r dq; the next loop applies tanh'.
        each_1_4(
            simd,
            [&mut into[..n]],
            [dr, r, q, dq],
            move |[x], [dr, r, q, dq]| {
                *x += dr * r * (one - r) * q + r * dq;
            },
        );
        let h = &step.before[..n];
        each_1_4(
            simd,
            [&mut into[..n]],
            [dz, z, candidate, h],
            move |[x], [dz, z, c, h]| {
                *x = (one - z) * (one - c * c) * *x + dz * z * (one - z) * (h - c);
            },
        );
        if let Tangent::State(k) = direction {
            elementwise::add(simd, &mut into[k * groups..], &z[k * groups..][..groups]);
        }
    }
}

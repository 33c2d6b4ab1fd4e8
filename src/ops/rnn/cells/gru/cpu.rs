//! Kernels of the GRU with the reset gate before the matrix.

use pulp::Simd;

use super::Gru;
use crate::ops::rnn::cell::{
    Backward, BackwardPanels, CellKernel, EvaluatedStep, Forward, FrameSpec, GradientProduct,
    LayerDims, Tangent, Weights, add,
};
use crate::ops::simd::elementwise::{self, each_1_1, each_1_2, each_1_4, each_2_2, each_3_1};
use crate::ops::simd::gemm::{Block, Panels, gemm, gemm_add_columns, gemm_columns};
use crate::ops::simd::math::{sigmoid, tanh};
use crate::ops::simd::{Lane16, Lanes};

/// Packed parameters. Gates: [r, u, c]; after the backward pass, the gradients with respect to
/// their pre-activations. The state frame contains r h after [h, 1, x], so that both products read
/// adjacent lanes.
#[derive(Default)]
pub struct Packed<T> {
    /// [wRUH bRU wRUX], multiplies [h, 1, x].
    gates: Panels<T>,
    /// [bC wCX wCH], multiplies [1, x, r h].
    candidate: Panels<T>,
    /// wCH', multiplies the gradients with respect to the pre-activations of c.
    reset_backward: Panels<T>,
    /// [wO' wRUH'] and [wRUX' wCX'].
    backward: BackwardPanels<T>,
}

impl<T> AsRef<BackwardPanels<T>> for Packed<T> {
    fn as_ref(&self) -> &BackwardPanels<T> {
        &self.backward
    }
}

/// Offsets of wCHX, bRU and bC in the parameters after h0 (wRUHX, wCHX, bRU, bC).
fn offsets(i: usize, n: usize) -> [usize; 3] {
    [2 * n * (n + i), 3 * n * (n + i), 3 * n * (n + i) + 2 * n]
}

/// The transpose of a block of `rows` rows.
fn transposed<T>(block: Block<'_, T>, rows: usize) -> Block<'_, T> {
    Block {
        columns: rows,
        row_stride: block.column_stride,
        column_stride: block.row_stride,
        data: block.data,
    }
}

impl<T: Lanes> Packed<T> {
    /// Directional derivative of the pre-activations of r and u.
    #[inline(always)]
    fn gate_tangent<S: Simd>(
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

    /// Directional derivative of the pre-activation of c, from the one of r h.
    #[inline(always)]
    fn candidate_tangent<S: Simd>(
        &self,
        simd: S,
        (reset, inputs): (&[Lane16<T>], usize),
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        gemm_columns(simd, &self.candidate, 1 + inputs, reset, into);
        match direction {
            Tangent::State(_) => {}
            Tangent::Input(k) => self.candidate.add_column(1 + k, into),
            Tangent::Inputs(x) => gemm_add_columns(simd, &self.candidate, 1, x, into),
        }
    }
}

impl<T: Lanes> CellKernel<T> for Gru {
    type Packed = Packed<T>;

    fn frame_spec(dims: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: dims.units,
            gates: 3 * dims.units,
            recurrent: 2 * dims.units,
            state_offsets: [0; 2],
        }
    }

    fn pack<'a>(&self, weights: &Weights<'a, T>, into: &mut Packed<T>) {
        let LayerDims {
            units: n,
            inputs: i,
            ..
        } = weights.dims;
        let config = weights.config;
        let [ru, c, b] = offsets(i, n);
        let p = weights.params;
        let (w_ru, w_c, b_ru, b_c) = (&p[..ru], &p[ru..c], &p[c..b], &p[b..]);
        let columns_of = |data: &'a [T], first: usize, columns| Block {
            data: &data[first..],
            columns,
            row_stride: n + i,
            column_stride: 1,
        };
        let bias = Block::row_major(b_ru, 1);
        into.gates.pack(
            config,
            2 * n,
            &[columns_of(w_ru, 0, n), bias, columns_of(w_ru, n, i)],
        );
        into.gates
            .add_to_column(n..2 * n, n, T::of(self.update_bias));
        let bias = Block::row_major(b_c, 1);
        into.candidate.pack(
            config,
            n,
            &[bias, columns_of(w_c, n, i), columns_of(w_c, 0, n)],
        );
        if weights.backward {
            into.reset_backward
                .pack(config, n, &[transposed(columns_of(w_c, 0, n), n)]);
            let gates = transposed(columns_of(w_ru, 0, n), 2 * n);
            let BackwardPanels { output, input } = &mut into.backward;
            output.pack(config, n, &[weights.readout, gates]);
            let gates = transposed(columns_of(w_ru, n, i), 2 * n);
            input.pack(config, i, &[gates, transposed(columns_of(w_c, n, i), n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let n = step.dims.units;
        let end = step.dims.operands();
        let (ru, c) = step.gates.split_at_mut(2 * n);
        gemm(simd, &packed.gates, &step.before[..end], ru);
        let (r, u) = ru.split_at_mut(n);
        let (h, reset) = step.before.split_at_mut(end);
        each_3_1(simd, [r, u, &mut reset[..n]], [h], |[r, u, reset], [h]| {
            *r = sigmoid::<S, T>(*r);
            *u = sigmoid::<S, T>(*u);
            *reset = *r * h;
        });
        gemm(simd, &packed.candidate, &step.before[n..end + n], c);
        let after = &mut step.after[..n];
        each_2_2(simd, [after, c], [u, step.before], |[after, c], [u, h]| {
            *c = tanh::<S, T>(*c);
            *after = *c + u * (h - *c);
        });
    }

    fn backward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Backward<'_, T>) {
        let n = step.dims.units;
        let (ru, c) = step.gates.split_at_mut(2 * n);
        let (r, u) = ru.split_at_mut(n);
        let h = &step.before[..n];
        let one = T::of(1.0);
        each_3_1(simd, [u, c, step.d_state], [h], move |[u, c, d], [h]| {
            let (update, candidate, d_h) = (*u, *c, *d);
            *u = d_h * (h - candidate) * update * (one - update);
            *c = d_h * (one - update) * (one - candidate * candidate);
            *d = d_h * update;
        });
        gemm(simd, &packed.reset_backward, c, step.scratch);
        each_2_2(
            simd,
            [r, step.d_state],
            [step.scratch, h],
            move |[r, d], [d_reset, h]| {
                let reset = *r;
                *r = d_reset * h * reset * (one - reset);
                *d += d_reset * reset;
            },
        );
    }

    fn gradient_product(s: LayerDims, k: usize) -> Option<GradientProduct> {
        let (n, end) = (s.units, s.units + 1 + s.inputs);
        [(0..2 * n, 0..end), (2 * n..3 * n, n..end + n)]
            .get(k)
            .cloned()
            .map(|(gates, states)| GradientProduct { gates, states })
    }

    fn add_gradient(s: LayerDims, k: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let [ru, c, b] = offsets(i, n);
        if k == 0 {
            let row = &mut into[r * (n + i)..][..n + i];
            add(&mut row[..n], &sums[..n]);
            add(&mut row[n..], &sums[n + 1..]);
            into[c + r] += sums[n];
        } else {
            let row = &mut into[ru + r * (n + i)..][..n + i];
            add(&mut row[..n], &sums[1 + i..]);
            add(&mut row[n..], &sums[1..1 + i]);
            into[b + r] += sums[0];
        }
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
        let (units, inputs) = (n / groups, step.dims.inputs / groups);
        let one = T::of(1.0);
        let (r, uc) = step.gates.split_at(n);
        let (u, c) = uc.split_at(n);
        let (ru, h) = (&mut step.scratch[..2 * n], &step.before[..n]);
        packed.gate_tangent(simd, units, direction, ru);
        let (reset, update) = ru.split_at_mut(n);
        each_1_2(simd, [reset], [r, h], move |[x], [r, h]| {
            *x *= r * (one - r) * h
        });
        each_1_1(simd, [update], [u], move |[x], [u]| *x *= u * (one - u));
        if let Tangent::State(k) = direction {
            elementwise::add(simd, &mut reset[k * groups..], &r[k * groups..][..groups]);
        }
        packed.candidate_tangent(simd, (reset, inputs), direction, into);
        each_1_4(
            simd,
            [into],
            [update, u, h, c],
            move |[x], [du, u, h, c]| {
                *x = du * (h - c) + (one - u) * (one - c * c) * *x;
            },
        );
        if let Tangent::State(k) = direction {
            elementwise::add(simd, &mut into[k * groups..], &u[k * groups..][..groups]);
        }
    }
}

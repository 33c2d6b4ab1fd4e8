//! The gated recurrent unit of PyTorch, with its reset after the matrix:
//!
//! ```text
//! [r; z; s] = wI x + bI      [r'; z'; q] = wR h + bR      n = tanh(s + sigmoid(r + r') q)
//! h' = (1 - sigmoid(z + z')) n + sigmoid(z + z') h
//! ```
//!
//! The tutorials' GRU has its reset before the matrix: see [`super::gru`].
//!
//! Source: PyTorch's documentation of `nn.GRU`, whose order of the rows this keeps

use pulp::Simd;

use super::update::{
    Backward, Forward, Frame, Made, Product, Reading, Strand, Tangent, Update, Weights, add,
};
use crate::ops::simd::each::{self, each_1_4, each_2_1, each_3_1, each_4_2};
use crate::ops::simd::functions::{sigmoid, tanh};
use crate::ops::simd::product::{
    Block, Panels, product, product_add, product_add_from, product_from,
};
use crate::ops::simd::{Cell, Lanes};

/// The cell; its equation leaves nothing open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GruTorch;

/// Gates: [r, z, q, n], on the way back the derivatives by the sums of the gates, by q and by the
/// sums of n.
#[derive(Default)]
pub struct Packed<T> {
    /// Rows r and z of [wR b wI], b = bI + bR, for [h, 1, x].
    gates: Panels<T>,
    /// Rows n of [wR bR], for [h, 1].
    hidden: Panels<T>,
    /// Rows n of [bI wI], for [1, x].
    input: Panels<T>,
    /// [wO' wR'], for the derivatives by [outputs, r, z, q].
    back: Panels<T>,
    /// wI' of r and z, and of n.
    inputs: [Panels<T>; 2],
}

/// The blocks behind h0: wI, wR, bI, bR; where all but the first begin.
fn parts(i: usize, n: usize) -> [usize; 3] {
    [3 * n * i, 3 * n * (i + n), 3 * n * (i + n + 1)]
}

impl<T: Lanes> Update<T> for GruTorch {
    type Packed = Packed<T>;
    const WORD: &'static str = "gru (PyTorch)";
    const PARTS: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        vec![
            ("h0", vec![n]),
            ("wI", vec![3 * n, i]),
            ("wR", vec![3 * n, n]),
            ("bI", vec![3 * n]),
            ("bR", vec![3 * n]),
        ]
    }

    fn count(i: usize, n: usize) -> usize {
        3 * n * (i + n + 2) + n
    }

    fn frame(s: Strand) -> Frame {
        Frame {
            extra: 0,
            gates: 4 * s.units,
            back: 3 * s.units,
            states: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let (n, i, form) = (weights.strand.units, weights.strand.inputs, weights.form);
        let [w_rec, b_in, b_rec] = parts(i, n);
        let p = weights.params;
        let (w_in, w_rec, b_in, b_rec) =
            (&p[..w_rec], &p[w_rec..b_in], &p[b_in..b_rec], &p[b_rec..]);
        let rz = [
            Block::plain(w_rec, n),
            Block::plain(b_in, 1),
            Block::plain(w_in, i),
        ];
        into.gates.pack(form, 2 * n, &rz);
        for (row, bias) in b_rec[..2 * n].iter().enumerate() {
            into.gates.shift(row..row + 1, n, *bias);
        }
        let hidden = [
            Block::plain(&w_rec[2 * n * n..], n),
            Block::plain(&b_rec[2 * n..], 1),
        ];
        into.hidden.pack(form, n, &hidden);
        let input = [
            Block::plain(&b_in[2 * n..], 1),
            Block::plain(&w_in[2 * n * i..], i),
        ];
        into.input.pack(form, n, &input);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, 3 * n);
            into.back.pack(form, n, &[weights.above, recurrent]);
            let [rz, candidate] = &mut into.inputs;
            rz.pack(form, i, &[Block::transposed(w_in, i, 2 * n)]);
            candidate.pack(form, i, &[Block::transposed(&w_in[2 * n * i..], i, n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let Strand {
            units: n,
            one,
            inputs: i,
            ..
        } = step.strand;
        let (rz, rest) = step.gates.split_at_mut(2 * n);
        let (q, candidate) = rest.split_at_mut(n);
        product(simd, &packed.gates, &step.before[..n + one + i], rz);
        product(simd, &packed.hidden, &step.before[..n + one], q);
        product(simd, &packed.input, &step.before[n..n + one + i], candidate);
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

    fn collect<S: Simd>(&self, simd: S, packed: &Packed<T>, reading: Reading<'_, T>) {
        product_add(simd, &packed.back, reading.from, reading.carried);
        each::add(simd, reading.carried, reading.layer_above);
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        let n = step.strand.units;
        let (rz, rest) = step.gates.split_at_mut(2 * n);
        let (r, z) = rz.split_at_mut(n);
        let (q, candidate) = rest.split_at_mut(n);
        let one = T::of(1.0);
        let h = &step.before[..n];
        each_3_1(
            simd,
            [z, candidate, step.carried],
            [h],
            move |[z, c, d], [h]| {
                let (update, new, arrived) = (*z, *c, *d);
                *z = arrived * (h - new) * update * (one - update);
                *c = arrived * (one - update) * (one - new * new);
                *d = arrived * update;
            },
        );
        each_2_1(simd, [r, q], [candidate], move |[r, q], [d]| {
            let (reset, hidden) = (*r, *q);
            *r = d * hidden * reset * (one - reset);
            *q = d * reset;
        });
    }

    fn product(s: Strand, k: usize) -> Option<Product> {
        let (n, end) = (s.units, s.units + 1 + s.inputs);
        let all = [
            (0..2 * n, 0..end),
            (2 * n..3 * n, 0..n + 1),
            (3 * n..4 * n, n..end),
        ];
        let one = all.get(k).cloned();
        one.map(|(gates, states)| Product { gates, states })
    }

    fn add_gradient(s: Strand, k: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let [w_rec, b_in, b_rec] = parts(i, n);
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

    fn inputs<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        gates: &[Cell<T>],
        into: &mut [Cell<T>],
    ) {
        let n = gates.len() / 4;
        product_add(simd, &packed.inputs[0], &gates[..2 * n], into);
        product_add(simd, &packed.inputs[1], &gates[3 * n..], into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        made: Made<'_, T>,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    ) {
        let Strand { units: n, one, .. } = made.strand;
        let (units, cell) = (n / one, one);
        let (rz, dq) = made.passing[..3 * n].split_at_mut(2 * n);
        let zero = Cell::splat(T::of(0.0));
        match along {
            Tangent::State(k) => {
                packed.gates.column(k, rz);
                packed.hidden.column(k, dq);
                into[..n].fill(zero);
            }
            Tangent::Input(k) => {
                packed.gates.column(units + 1 + k, rz);
                dq.fill(zero);
                packed.input.column(1 + k, into);
            }
            Tangent::Inputs(x) => {
                product_from(simd, &packed.gates, units + 1, x, rz);
                dq.fill(zero);
                into[..n].fill(zero);
                product_add_from(simd, &packed.input, 1, x, into);
            }
        }
        let one = T::of(1.0);
        let (dr, dz) = rz.split_at(n);
        let (r, rest) = made.gates.split_at(n);
        let (z, rest) = rest.split_at(n);
        let (q, candidate) = rest.split_at(n);
        // n's own change: ds + r' q + r dq, through the slope of tanh.
        each_1_4(
            simd,
            [&mut into[..n]],
            [dr, r, q, dq],
            move |[x], [dr, r, q, dq]| {
                *x += dr * r * (one - r) * q + r * dq;
            },
        );
        let h = &made.before[..n];
        each_1_4(
            simd,
            [&mut into[..n]],
            [dz, z, candidate, h],
            move |[x], [dz, z, c, h]| {
                *x = (one - z) * (one - c * c) * *x + dz * z * (one - z) * (h - c);
            },
        );
        if let Tangent::State(k) = along {
            each::add(simd, &mut into[k * cell..], &z[k * cell..][..cell]);
        }
    }
}

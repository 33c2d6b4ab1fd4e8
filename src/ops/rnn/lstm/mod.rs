//! The long short-term memory, as in PyTorch:
//!
//! ```text
//! [i; f; g; o] = wI x + wR h + bR
//! c' = sigmoid(f) c + sigmoid(i) tanh(g)      h' = sigmoid(o) tanh(c')
//! ```
//!
//! The state is [h, c]; matrices and readout see h. PyTorch has two biases whose sum is bR.
//!
//! Source: PyTorch's documentation of `nn.LSTM`, whose order of the rows this keeps

use pulp::Simd;

use super::update::{
    Backward, Forward, Frame, Made, Product, Reading, Strand, Tangent, Update, Weights, add,
};
use crate::ops::simd::each::{self, each_1_3, each_1_4, each_3_1, each_4_1};
use crate::ops::simd::functions::{sigmoid, tanh};
use crate::ops::simd::product::{Block, Panels, product, product_add, product_from};
use crate::ops::simd::{Cell, Lanes};

/// The cell; its equation leaves nothing open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lstm;

/// Gates: [i, f, g, o], on the way back the derivatives by their sums. The states' frame has
/// [c, tanh c] behind [h, 1, x].
#[derive(Default)]
pub struct Packed<T> {
    /// [wR bR wI], for [h, 1, x].
    gates: Panels<T>,
    /// [wO' wR'], for the derivatives by [outputs, sums].
    back: Panels<T>,
    /// wI', for the derivatives by the sums.
    inputs: Panels<T>,
}

/// The four gates.
fn quarters<T>(gates: &[Cell<T>]) -> [&[Cell<T>]; 4] {
    let n = gates.len() / 4;
    std::array::from_fn(|k| &gates[k * n..(k + 1) * n])
}

fn quarters_mut<T>(gates: &mut [Cell<T>]) -> [&mut [Cell<T>]; 4] {
    let (if_, go) = gates.split_at_mut(gates.len() / 2);
    let (i, f) = if_.split_at_mut(if_.len() / 2);
    let (g, o) = go.split_at_mut(go.len() / 2);
    [i, f, g, o]
}

/// Of a frame of states, [c, tanh c].
fn memory<T>(s: Strand, frame: &[Cell<T>]) -> [&[Cell<T>]; 2] {
    let (c, tanh_c) = frame[s.units + s.one + s.inputs..].split_at(s.units);
    [c, &tanh_c[..s.units]]
}

impl<T: Lanes> Update<T> for Lstm {
    type Packed = Packed<T>;
    const WORD: &'static str = "lstm";
    const PARTS: usize = 2;

    fn blocks(i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        vec![
            ("h0", vec![n]),
            ("c0", vec![n]),
            ("wI", vec![4 * n, i]),
            ("wR", vec![4 * n, n]),
            ("bR", vec![4 * n]),
        ]
    }

    fn count(i: usize, n: usize) -> usize {
        4 * n * (i + n + 1) + 2 * n
    }

    fn frame(s: Strand) -> Frame {
        Frame {
            extra: 2 * s.units,
            gates: 4 * s.units,
            back: 4 * s.units,
            states: [0, s.units + s.one + s.inputs],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let (n, i, form) = (weights.strand.units, weights.strand.inputs, weights.form);
        let (w_in, rest) = weights.params.split_at(4 * n * i);
        let (w_rec, bias) = rest.split_at(4 * n * n);
        let sums = [
            Block::plain(w_rec, n),
            Block::plain(bias, 1),
            Block::plain(w_in, i),
        ];
        into.gates.pack(form, 4 * n, &sums);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, 4 * n);
            into.back.pack(form, n, &[weights.above, recurrent]);
            into.inputs
                .pack(form, i, &[Block::transposed(w_in, i, 4 * n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let s = step.strand;
        let (n, end) = (s.units, s.units + s.one + s.inputs);
        product(simd, &packed.gates, &step.before[..end], step.gates);
        let [i, f, g, o] = quarters_mut(step.gates);
        let (h, rest) = step.after.split_at_mut(n);
        let (c, tanh_c) = rest[s.one + s.inputs..].split_at_mut(n);
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

    fn collect<S: Simd>(&self, simd: S, packed: &Packed<T>, reading: Reading<'_, T>) {
        let d_h = &mut reading.carried[..reading.strand.units];
        product_add(simd, &packed.back, reading.from, d_h);
        each::add(simd, d_h, reading.layer_above);
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        let (d_h, d_c) = step.carried.split_at_mut(step.strand.units);
        let [i, f, g, o] = quarters_mut(step.gates);
        let [_, tanh_c] = memory(step.strand, step.after);
        let [before, _] = memory(step.strand, step.before);
        let one = T::of(1.0);
        each_3_1(
            simd,
            [d_h, d_c, o],
            [tanh_c],
            move |[d_h, d_c, o], [tanh_c]| {
                let (arrived, open) = (*d_h, *o);
                *o = arrived * tanh_c * open * (one - open);
                *d_c += arrived * open * (one - tanh_c * tanh_c);
                *d_h = T::of(0.0);
            },
        );
        each_4_1(
            simd,
            [i, f, g, d_c],
            [before],
            move |[i, f, g, d], [before]| {
                let (arrived, input, kept, new) = (*d, *i, *f, *g);
                *i = arrived * new * input * (one - input);
                *f = arrived * before * kept * (one - kept);
                *g = arrived * input * (one - new * new);
                *d = arrived * kept;
            },
        );
    }

    fn product(s: Strand, k: usize) -> Option<Product> {
        (k == 0).then_some(Product {
            gates: 0..4 * s.units,
            states: 0..s.units + 1 + s.inputs,
        })
    }

    fn add_gradient(s: Strand, _: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let (w_in, rest) = into.split_at_mut(4 * n * i);
        let (w_rec, bias) = rest.split_at_mut(4 * n * n);
        add(&mut w_in[r * i..][..i], &sums[n + 1..]);
        add(&mut w_rec[r * n..][..n], &sums[..n]);
        bias[r] += sums[n];
    }

    fn inputs<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        gates: &[Cell<T>],
        into: &mut [Cell<T>],
    ) {
        product_add(simd, &packed.inputs, gates, into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Packed<T>,
        made: Made<'_, T>,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    ) {
        let s = made.strand;
        let (n, units) = (s.units, s.units / s.one);
        let change = &mut made.passing[..4 * n];
        match along {
            Tangent::State(k) if k < units => packed.gates.column(k, change),
            Tangent::State(_) => change.fill(Cell::splat(T::of(0.0))),
            Tangent::Input(k) => packed.gates.column(units + 1 + k, change),
            Tangent::Inputs(x) => product_from(simd, &packed.gates, units + 1, x, change),
        }
        let [d_i, d_f, d_g, d_o] = quarters(change);
        let [i, f, g, o] = quarters(made.gates);
        let ([before, _], [_, tanh_c]) = (memory(s, made.before), memory(s, made.after));
        let (h, c) = into.split_at_mut(n);
        let one = T::of(1.0);
        let c = &mut c[..n];
        each_1_3(simd, [c], [d_f, f, before], move |[c], [d_f, f, before]| {
            *c = f * (one - f) * before * d_f;
        });
        each_1_4(simd, [c], [d_i, i, d_g, g], move |[c], [d_i, i, d_g, g]| {
            *c += i * (one - i) * g * d_i + i * (one - g * g) * d_g;
        });
        if let Tangent::State(k) = along
            && let Some(k) = k.checked_sub(units)
        {
            each::add(simd, &mut c[k * s.one..], &f[k * s.one..][..s.one]);
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

//! The gated recurrent unit of the tutorials, with its reset before the matrix:
//!
//! ```text
//! [r; u] = sigmoid(wRUHX [h; x] + bRU + [0; b])      c = tanh(wCHX [r h; x] + bC)
//! h' = u h + (1 - u) c
//! ```
//!
//! b is the update bias, 0.5 in the tutorials. PyTorch's GRU has its reset after the matrix: see
//! [`super::gru_torch`].
//!
//! Source: Cho and others 2014, as in the tutorials (Sussillo 2019)

use pulp::Simd;

use super::update::{
    Backward, Forward, Frame, Made, Product, Reading, Strand, Tangent, Update, Weights, add,
};
use crate::ops::simd::each::{self, each_1_1, each_1_2, each_1_4, each_2_2, each_3_1};
use crate::ops::simd::functions::{sigmoid, tanh};
use crate::ops::simd::product::{
    Block, Panels, product, product_add, product_add_from, product_from,
};
use crate::ops::simd::{Cell, Lanes};

/// The cell, with what its equation leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gru {
    /// b, what is added to the sums of the update gates.
    pub update_bias: f64,
}

impl Default for Gru {
    fn default() -> Self {
        Gru { update_bias: 0.5 }
    }
}

/// Gates: [r, u, c], on the way back the derivatives by their sums. The states' frame has r h
/// behind [h, 1, x], so that both sums read neighbouring cells.
#[derive(Default)]
pub struct Packed<T> {
    /// [wRUH bRU wRUX], for [h, 1, x].
    gates: Panels<T>,
    /// [bC wCX wCH], for [1, x, r h].
    candidate: Panels<T>,
    /// wCH', for the derivatives by the sums of c.
    through_reset: Panels<T>,
    /// [wO' wRUH'], for the derivatives by [outputs, sums of r and u].
    back: Panels<T>,
    /// [wRUX' wCX'], for the derivatives by all sums.
    inputs: Panels<T>,
}

/// The blocks behind h0: wRUHX, wCHX, bRU, bC.
fn parts(i: usize, n: usize) -> [usize; 3] {
    [2 * n * (n + i), 3 * n * (n + i), 3 * n * (n + i) + 2 * n]
}

impl<T: Lanes> Update<T> for Gru {
    type Packed = Packed<T>;
    const WORD: &'static str = "gru";
    const PARTS: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        vec![
            ("h0", vec![n]),
            ("wRUHX", vec![2 * n, n + i]),
            ("wCHX", vec![n, n + i]),
            ("bRU", vec![2 * n]),
            ("bC", vec![n]),
        ]
    }

    fn count(i: usize, n: usize) -> usize {
        3 * n * (n + i + 1) + n
    }

    fn frame(strand: Strand) -> Frame {
        Frame {
            extra: strand.units,
            gates: 3 * strand.units,
            back: 2 * strand.units,
            states: [0; 2],
        }
    }

    fn pack<'a>(&self, weights: &Weights<'a, T>, into: &mut Packed<T>) {
        let Strand {
            units: n,
            inputs: i,
            ..
        } = weights.strand;
        let form = weights.form;
        let [ru, c, b] = parts(i, n);
        let p = weights.params;
        let (w_ru, w_c, b_ru, b_c) = (&p[..ru], &p[ru..c], &p[c..b], &p[b..]);
        let part = |data: &'a [T], first: usize, columns| Block {
            data: &data[first..],
            columns,
            by_row: n + i,
            by_column: 1,
        };
        let turned = |block: Block<'a, T>, columns| Block {
            columns,
            by_row: block.by_column,
            by_column: block.by_row,
            data: block.data,
        };
        let bias = Block::plain(b_ru, 1);
        into.gates
            .pack(form, 2 * n, &[part(w_ru, 0, n), bias, part(w_ru, n, i)]);
        into.gates.shift(n..2 * n, n, T::of(self.update_bias));
        let bias = Block::plain(b_c, 1);
        into.candidate
            .pack(form, n, &[bias, part(w_c, n, i), part(w_c, 0, n)]);
        if weights.backward {
            into.through_reset
                .pack(form, n, &[turned(part(w_c, 0, n), n)]);
            let gates = turned(part(w_ru, 0, n), 2 * n);
            into.back.pack(form, n, &[weights.above, gates]);
            let gates = turned(part(w_ru, n, i), 2 * n);
            into.inputs
                .pack(form, i, &[gates, turned(part(w_c, n, i), n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let n = step.strand.units;
        let end = n + step.strand.one + step.strand.inputs;
        let (ru, c) = step.gates.split_at_mut(2 * n);
        product(simd, &packed.gates, &step.before[..end], ru);
        let (r, u) = ru.split_at_mut(n);
        let (h, reset) = step.before.split_at_mut(end);
        each_3_1(simd, [r, u, &mut reset[..n]], [h], |[r, u, reset], [h]| {
            *r = sigmoid::<S, T>(*r);
            *u = sigmoid::<S, T>(*u);
            *reset = *r * h;
        });
        product(simd, &packed.candidate, &step.before[n..end + n], c);
        let after = &mut step.after[..n];
        each_2_2(simd, [after, c], [u, step.before], |[after, c], [u, h]| {
            *c = tanh::<S, T>(*c);
            *after = *c + u * (h - *c);
        });
    }

    fn collect<S: Simd>(&self, simd: S, packed: &Packed<T>, reading: Reading<'_, T>) {
        product_add(simd, &packed.back, reading.from, reading.carried);
        each::add(simd, reading.carried, reading.layer_above);
    }

    fn backward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Backward<'_, T>) {
        let n = step.strand.units;
        let (ru, c) = step.gates.split_at_mut(2 * n);
        let (r, u) = ru.split_at_mut(n);
        let h = &step.before[..n];
        let one = T::of(1.0);
        each_3_1(simd, [u, c, step.carried], [h], move |[u, c, d], [h]| {
            let (update, candidate, arrived) = (*u, *c, *d);
            *u = arrived * (h - candidate) * update * (one - update);
            *c = arrived * (one - update) * (one - candidate * candidate);
            *d = arrived * update;
        });
        product(simd, &packed.through_reset, c, step.passing);
        each_2_2(
            simd,
            [r, step.carried],
            [step.passing, h],
            move |[r, d], [back, h]| {
                let reset = *r;
                *r = back * h * reset * (one - reset);
                *d += back * reset;
            },
        );
    }

    fn product(s: Strand, k: usize) -> Option<Product> {
        let (n, end) = (s.units, s.units + 1 + s.inputs);
        [(0..2 * n, 0..end), (2 * n..3 * n, n..end + n)]
            .get(k)
            .cloned()
            .map(|(gates, states)| Product { gates, states })
    }

    fn add_gradient(s: Strand, k: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let [ru, c, b] = parts(i, n);
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
        let Strand { units: n, one, .. } = made.strand;
        let (units, inputs) = (n / one, made.strand.inputs / one);
        let (cell, one) = (one, T::of(1.0));
        let (r, uc) = made.gates.split_at(n);
        let (u, c) = uc.split_at(n);
        let (ru, h) = (&mut made.passing[..2 * n], &made.before[..n]);
        match along {
            Tangent::State(k) => packed.gates.column(k, ru),
            Tangent::Input(k) => packed.gates.column(units + 1 + k, ru),
            Tangent::Inputs(x) => product_from(simd, &packed.gates, units + 1, x, ru),
        }
        let (reset, update) = ru.split_at_mut(n);
        each_1_2(simd, [reset], [r, h], move |[x], [r, h]| {
            *x *= r * (one - r) * h
        });
        each_1_1(simd, [update], [u], move |[x], [u]| *x *= u * (one - u));
        if let Tangent::State(k) = along {
            each::add(simd, &mut reset[k * cell..], &r[k * cell..][..cell]);
        }
        product_from(simd, &packed.candidate, 1 + inputs, reset, into);
        match along {
            Tangent::State(_) => {}
            Tangent::Input(k) => packed.candidate.add_column(1 + k, into),
            Tangent::Inputs(x) => product_add_from(simd, &packed.candidate, 1, x, into),
        }
        each_1_4(
            simd,
            [into],
            [update, u, h, c],
            move |[x], [du, u, h, c]| {
                *x = du * (h - c) + (one - u) * (one - c * c) * *x;
            },
        );
        if let Tangent::State(k) = along {
            each::add(simd, &mut into[k * cell..], &u[k * cell..][..cell]);
        }
    }
}

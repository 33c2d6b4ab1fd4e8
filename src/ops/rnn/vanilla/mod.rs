//! The vanilla cell:
//!
//! ```text
//! h' = f(wI x + wR h + bR)
//! ```
//!
//! Source: numerics of the tutorials (Sussillo 2019); PyTorch's `nn.RNN` is the same with the sum
//! of its two biases as bR.

use pulp::Simd;

use super::Nonlinearity;
use super::update::{
    Backward, Forward, Frame, Made, Product, Reading, Strand, Tangent, Update, Weights, add,
};
use crate::ops::simd::each::{self, each_1_1};
use crate::ops::simd::product::{Block, Panels, product, product_add, product_from};
use crate::ops::simd::{Cell, Lanes};

/// The cell, with what its equation leaves open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Vanilla {
    pub nonlinearity: Nonlinearity,
}

/// Gates: f' on the way forward, the derivatives by the sums on the way back.
#[derive(Default)]
pub struct Packed<T> {
    /// [wR bR wI], for [y, 1, x].
    pub(super) update: Panels<T>,
    /// [wO' wR'], for the derivatives by [outputs, sums].
    pub(super) back: Panels<T>,
    /// wI', for the derivatives by the sums.
    pub(super) inputs: Panels<T>,
}

impl<T: Lanes> Packed<T> {
    /// How the sums change along y or along the input.
    pub(super) fn sums_along<S: Simd>(
        &self,
        simd: S,
        s: Strand,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    ) {
        let first = s.units / s.one + 1;
        match along {
            Tangent::State(k) => self.update.column(k, into),
            Tangent::Input(k) => self.update.column(first + k, into),
            Tangent::Inputs(x) => product_from(simd, &self.update, first, x, into),
        }
    }
}

impl<T: Lanes> Update<T> for Vanilla {
    type Packed = Packed<T>;
    const WORD: &'static str = "vanilla";
    const PARTS: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        vec![
            ("h0", vec![n]),
            ("wI", vec![n, i]),
            ("wR", vec![n, n]),
            ("bR", vec![n]),
        ]
    }

    fn count(i: usize, n: usize) -> usize {
        n * (i + n + 2)
    }

    fn frame(strand: Strand) -> Frame {
        Frame {
            extra: 0,
            gates: strand.units,
            back: strand.units,
            states: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Packed<T>) {
        let Strand {
            units: n,
            inputs: i,
            ..
        } = weights.strand;
        let form = weights.form;
        let (w_in, rest) = weights.params.split_at(n * i);
        let (w_rec, b_rec) = rest.split_at(n * n);
        let sums = [
            Block::plain(w_rec, n),
            Block::plain(b_rec, 1),
            Block::plain(w_in, i),
        ];
        into.update.pack(form, n, &sums);
        if weights.backward {
            let recurrent = Block::transposed(w_rec, n, n);
            into.back.pack(form, n, &[weights.above, recurrent]);
            into.inputs.pack(form, i, &[Block::transposed(w_in, i, n)]);
        }
    }

    fn forward<S: Simd>(&self, simd: S, packed: &Packed<T>, step: Forward<'_, T>) {
        let Strand {
            units: n,
            one,
            inputs: i,
            ..
        } = step.strand;
        let h = &mut step.after[..n];
        product(simd, &packed.update, &step.before[..n + one + i], h);
        self.nonlinearity.apply(simd, h, step.gates);
    }

    fn collect<S: Simd>(&self, simd: S, packed: &Packed<T>, reading: Reading<'_, T>) {
        product_add(simd, &packed.back, reading.from, reading.carried);
        each::add(simd, reading.carried, reading.layer_above);
    }

    fn backward<S: Simd>(&self, simd: S, _: &Packed<T>, step: Backward<'_, T>) {
        each_1_1(simd, [step.gates], [step.carried], |[slope], [d]| {
            *slope *= d
        });
        step.carried.fill(Cell::splat(T::of(0.0)));
    }

    fn product(s: Strand, k: usize) -> Option<Product> {
        (k == 0).then_some(Product {
            gates: 0..s.units,
            states: 0..s.units + 1 + s.inputs,
        })
    }

    fn add_gradient(s: Strand, _: usize, r: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (s.units, s.inputs);
        let (w_in, rest) = into.split_at_mut(n * i);
        let (w_rec, b_rec) = rest.split_at_mut(n * n);
        add(&mut w_in[r * i..][..i], &sums[n + 1..]);
        add(&mut w_rec[r * n..][..n], &sums[..n]);
        b_rec[r] += sums[n];
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
        packed.sums_along(simd, made.strand, along, into);
        each_1_1(simd, [into], [made.gates], |[change], [slope]| {
            *change *= slope
        });
    }
}

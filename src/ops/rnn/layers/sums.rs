//! The sums that make the gradients of parameters: formed group by group of trials, added up over
//! the runs, and brought into the order of the arena.

use pulp::Simd;

use super::pass::Pass;
use super::places::{Places, SumPlaces, room};
use super::strand;
use crate::ops::rnn::Sizes;
use crate::ops::rnn::update::{Product, Update};
use crate::ops::simd::Lanes;
use crate::ops::simd::product::Form;
use crate::ops::simd::sums::{Frames, add_sums, padded};

impl<T: Lanes, U: Update<T>> Pass<'_, T, U> {
    /// Adds what one strand's parameters get from this slice, the way back being done.
    pub(super) fn add_sums<S: Simd>(&mut self, simd: S, at: usize, sums: &mut [T]) {
        let s = self.task.sizes;
        let places = SumPlaces::of::<T, U>(s);
        if self.task.given.h0.is_none() {
            let cells = self.buffers.carried.chunks_exact(self.form().groups);
            for (sum, cells) in sums[places.first(at)].iter_mut().zip(cells) {
                for lane in cells.iter().flat_map(|cell| cell.0) {
                    *sum += lane;
                }
            }
        }
        let layer = at / s.directions;
        if layer + 1 == s.layers {
            // A readout saw the state after the update: the same frames, one further.
            let product = Product {
                gates: 0..s.outputs,
                states: 0..s.units + 1,
            };
            self.add_product(simd, at, 1, &product, &mut sums[places.readout(at)]);
        }
        let (above, mut start) = (strand(s, layer).above, places.products(at));
        for k in 0.. {
            let Some(mut product) = U::product(strand(s, layer), k) else {
                break;
            };
            let into = &mut sums[start..][..room(&product)];
            start += into.len();
            product.gates.start += above;
            product.gates.end += above;
            self.add_product(simd, at, 0, &product, into);
        }
    }

    fn add_product<S: Simd>(
        &mut self,
        simd: S,
        strand: usize,
        first_time: usize,
        product: &Product,
        into: &mut [T],
    ) {
        let (m, form) = (self.measures(strand), self.form());
        let frames = &self.buffers.strands[strand];
        let left = Frames {
            cells: &frames.gates[first_time * m.gates..],
            frame: m.gates,
            first: product.gates.start,
            count: product.gates.len(),
        };
        let right = Frames {
            cells: &frames.states[first_time * m.states..],
            frame: m.states,
            first: product.states.start,
            count: product.states.len(),
        };
        let (time, turned) = (self.task.sizes.time, &mut self.buffers.turned);
        add_sums(simd, form, [left, right], time, turned, into);
    }

    fn form(&self) -> Form {
        self.task.division.form
    }
}

/// The gradient of all parameters, in the order of the arena, from the sums.
pub(super) fn unpack<T: Lanes, U: Update<T>>(s: Sizes, sums: &[T], gradient: &mut [T]) {
    gradient.fill(T::of(0.0));
    let (from, to) = (SumPlaces::of::<T, U>(s), Places::of::<T, U>(s));
    for at in 0..s.strands() {
        let layer = at / s.directions;
        let first = &sums[from.first(at)];
        let (h0, rest) = gradient[to.strand(at)].split_at_mut(first.len());
        h0.copy_from_slice(first);
        let (strand, mut start) = (strand(s, layer), from.products(at));
        for k in 0.. {
            let Some(product) = U::product(strand, k) else {
                break;
            };
            let rows = sums[start..][..room(&product)].chunks_exact(padded(product.states.len()));
            start += room(&product);
            for (r, row) in rows.enumerate() {
                U::add_gradient(strand, k, r, &row[..product.states.len()], rest);
            }
        }
        let readout = sums[from.readout(at)].chunks_exact(padded(s.units + 1));
        let (w_out, b_out) = gradient[to.readout()].split_at_mut(s.outputs * s.read());
        let direction = at % s.directions;
        for (r, row) in readout.enumerate() {
            w_out[r * s.read() + direction * s.units..][..s.units].copy_from_slice(&row[..s.units]);
            // Every direction's frames saw the same errors: the first one's bias is the bias.
            if direction == 0 {
                b_out[r] = row[s.units];
            }
        }
    }
}

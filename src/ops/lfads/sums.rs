//! The sums that make the gradients of parameters, and the gradients from them.

use std::ops::Range;

use pulp::Simd;

use super::Sizes;
use super::frames::Recurrent;
use super::packed::Packed;
use super::places::{self, Places, SumPlaces};
use super::spread::Pass;
use crate::ops::Lanes;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::update::{Strand, Update};
use crate::ops::simd::product::Form;
use crate::ops::simd::sums::{Frames, Turned, add_sums, padded};

impl<T: Lanes> Pass<'_, T> {
    /// Adds the derivatives by a first state, which stand in `carried`: of an encoder, or with 2 of
    /// the controller.
    pub fn first_state(&mut self, sums: &mut [T], which: usize) {
        let places = SumPlaces::of(self.task.sizes);
        let place = match which {
            2 => places.controller.first,
            direction => places.encoders[direction].first.clone(),
        };
        let cells = self.buffers.carried[0].chunks_exact(self.groups());
        for (sum, cells) in sums[place].iter_mut().zip(cells) {
            for lane in cells.iter().flat_map(|cell| cell.0) {
                *sum += lane;
            }
        }
    }

    /// Adds what this slice gives, the way back being done.
    pub fn add_sums<S: Simd>(&mut self, simd: S, sums: &mut [T]) {
        let (s, form) = (self.task.sizes, self.task.division.form);
        let places = SumPlaces::of(s);
        let b = &mut *self.buffers;
        let strands = [
            (&b.encoders[0], s.encoder_strand(), &places.encoders[0]),
            (&b.encoders[1], s.encoder_strand(), &places.encoders[1]),
            (&b.controller, s.controller_strand(), &places.controller),
            (&b.generator, s.generator_strand(), &places.generator),
        ];
        let mut all = Sums {
            form,
            turned: &mut b.turned,
            sums,
        };
        for (network, strand, into) in strands {
            all.recurrent(simd, network, strand, (into, s.time));
        }
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            ..
        } = s;
        let pair = [b.d_initial.frames(2 * g), b.ends.frames(2 * e + 1)];
        all.add(simd, pair, 1, places.initial);
        if c > 0 {
            let [_, states] = b.controller.frames(true);
            let states = Frames {
                count: c + 1,
                ..states
            };
            let pair = [b.d_inferred.frames(2 * u), states];
            all.add(simd, pair, s.time, places.inferred);
        }
        let [_, states] = b.generator.frames(true);
        let states = Frames { count: g, ..states };
        all.add(
            simd,
            [b.d_factors.frames(k), states],
            s.time,
            places.factors,
        );
        let pair = [b.rates.frames(d), b.factors.frames(k + 1)];
        all.add(simd, pair, s.time, places.rates);
    }
}

/// Where sums are added up.
struct Sums<'a, T> {
    form: Form,
    turned: &'a mut Turned<T>,
    sums: &'a mut [T],
}

impl<T: Lanes> Sums<'_, T> {
    fn add<S: Simd>(
        &mut self,
        simd: S,
        pair: [Frames<'_, T>; 2],
        times: usize,
        into: Range<usize>,
    ) {
        let into = &mut self.sums[into];
        add_sums(simd, self.form, pair, times, self.turned, into);
    }

    fn recurrent<S: Simd>(
        &mut self,
        simd: S,
        network: &Recurrent<T>,
        strand: Strand,
        (into, times): (&places::Recurrent, usize),
    ) {
        if strand.units == 0 {
            return;
        }
        let [gates, states] = network.frames(false);
        for (k, into) in into.products.iter().enumerate() {
            let product = <Gru as Update<T>>::product(strand, k);
            let product = product.expect("a GRU has two");
            let left = Frames {
                first: product.gates.start,
                count: product.gates.len(),
                ..gates
            };
            let right = Frames {
                first: product.states.start,
                count: product.states.len(),
                ..states
            };
            self.add(simd, [left, right], times, into.clone());
        }
    }
}

/// The gradient of all parameters, in the order of the arena, from the sums.
pub fn unpack<T: Lanes>(s: Sizes, to: &Places, packed: &Packed<T>, sums: &[T], gradient: &mut [T]) {
    gradient.fill(T::of(0.0));
    let from = SumPlaces::of(s);
    let strands = [
        (s.encoder_strand(), &from.encoders[0], &to.encoders[0]),
        (s.encoder_strand(), &from.encoders[1], &to.encoders[1]),
        (s.controller_strand(), &from.controller, &to.controller),
        (s.generator_strand(), &from.generator, &to.generator),
    ];
    for (strand, from, to) in strands {
        recurrent(strand, from, sums, &mut gradient[to.clone()]);
    }
    let affine = [
        (&from.initial, &to.initial_w, &to.initial_b, 2 * s.encoder),
        (&from.inferred, &to.inferred_w, &to.inferred_b, s.controller),
        (&from.rates, &to.rates_w, &to.rates_b, s.factors),
    ];
    for (from, w, b, columns) in affine {
        let rows = sums[from.clone()].chunks_exact(padded(columns + 1));
        for (r, row) in rows.enumerate() {
            gradient[w.start + r * columns..][..columns].copy_from_slice(&row[..columns]);
            gradient[b.start + r] = row[columns];
        }
    }
    let copied = [
        (&from.initial_prior.mean, &to.initial_prior.mean),
        (&from.initial_prior.logvar, &to.initial_prior.logvar),
        (&from.inferred_prior.mean, &to.inferred_prior.mean),
        (&from.inferred_prior.logtau, &to.inferred_prior.logtau),
        (&from.inferred_prior.logvar, &to.inferred_prior.logvar),
        (&from.noise_logvar, &to.noise_logvar),
    ];
    for (from, to) in copied {
        gradient[to.clone()].copy_from_slice(&sums[from.clone()]);
    }
    factors(
        s,
        packed,
        &sums[from.factors],
        &mut gradient[to.factors.clone()],
    );
}

fn recurrent<T: Lanes>(strand: Strand, from: &places::Recurrent, sums: &[T], gradient: &mut [T]) {
    if strand.units == 0 {
        return;
    }
    let (first, rest) = gradient.split_at_mut(strand.units);
    first.copy_from_slice(&sums[from.first.clone()]);
    for (k, place) in from.products.iter().enumerate() {
        let product = <Gru as Update<T>>::product(strand, k).expect("a GRU has two");
        let columns = product.states.len();
        let rows = sums[place.clone()].chunks_exact(padded(columns));
        for (r, row) in rows.enumerate() {
            <Gru as Update<T>>::add_gradient(strand, k, r, &row[..columns], rest);
        }
    }
}

/// Through the division of each row by its length.
fn factors<T: Lanes>(s: Sizes, packed: &Packed<T>, sums: &[T], gradient: &mut [T]) {
    let n = s.generator;
    let rows = packed.unit_rows.chunks_exact(n).zip(&packed.lengths);
    let each = gradient
        .chunks_exact_mut(n)
        .zip(sums.chunks_exact(padded(n)));
    for ((into, sums), (row, length)) in each.zip(rows) {
        let along: f64 = row
            .iter()
            .zip(sums)
            .map(|(w, d)| w.double() * d.double())
            .sum();
        for ((into, w), d) in into.iter_mut().zip(row).zip(sums) {
            *into = (*d - T::of(along) * *w) / *length;
        }
    }
}

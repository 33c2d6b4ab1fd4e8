//! One slice of trials from the rates back to what was observed.

use pulp::Simd;

use super::forward::{deviation, time};
use super::spread::{Pass, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::Cell;
use crate::ops::simd::each::{add, each_2_3};
use crate::ops::simd::functions::sigmoid;
use crate::ops::simd::product::{product, product_add};
use crate::ops::simd::trials::{At, scale};

impl<T: Lanes> Pass<'_, T> {
    /// All networks back; adds what the gradients of the parameters are made of to `sums`.
    pub fn back<S: Simd>(&mut self, simd: S, sums: &mut [T]) {
        self.generator_back(simd);
        self.initial_back(simd);
        self.encoders_back(simd, sums);
        self.add_sums(simd, sums);
    }

    /// Generator and controller from the last time to the first. Leaves the derivatives by g_0 and
    /// by the first state of the controller in `carried`.
    fn generator_back<S: Simd>(&mut self, simd: S) {
        let (s, g) = (self.task.sizes, self.groups());
        let keep = self.part(self.task.given.noise.keep_generated, s.time * s.generator);
        let zero = Cell::splat(T::of(0.0));
        let (n, k) = (s.generator * g, s.factors * g);
        for carried in &mut self.buffers.carried {
            carried.fill(zero);
        }
        for time in (0..s.time).rev() {
            let b = &mut *self.buffers;
            let d_factors = &mut b.d_factors.at_mut(time)[..k];
            let d_rates = &b.rates.at(time)[..s.channels * g];
            product(simd, &self.packed.rates.back, d_rates, d_factors);
            if s.controller > 0 && time + 1 < s.time {
                add(simd, d_factors, &b.d_inputs[2 * s.encoder * g..][..k]);
            }
            let carried = &mut b.carried[1];
            product_add(simd, &self.packed.factors.back, d_factors, carried);
            if let Some(keep) = keep {
                let at = At::time(g, time, s.time, s.generator);
                scale(keep, at, &mut carried[..n]);
            }
            let passing = [&mut carried[..], &mut b.passing];
            b.generator
                .backward(simd, &self.packed.generator, time, passing);
            if s.controller > 0 {
                self.controller_back(simd, time);
            }
        }
    }

    /// One step of the controller; leaves the derivatives by its inputs.
    fn controller_back<S: Simd>(&mut self, simd: S, time: usize) {
        let (s, g, ln_min) = (self.task.sizes, self.groups(), self.task.ln_min);
        let keep = self.part(self.task.given.noise.keep_encoded, s.time * 2 * s.encoder);
        let (u, e) = (s.inferred * g, s.encoder * g);
        let Workspace {
            controller,
            generator,
            inferred,
            d_inferred,
            normals,
            d_encoded,
            carried: [carried, _],
            passing,
            d_inputs,
            ..
        } = &mut *self.buffers;
        generator.input_back(simd, &self.packed.generator, time, d_inputs);
        let (dm, dv) = d_inferred.at_mut(time)[..2 * u].split_at_mut(u);
        let logvar = &inferred.at(time)[u..2 * u];
        sample_back(
            simd,
            [dm, dv],
            [&d_inputs[..u], logvar, normals.at(time)],
            ln_min,
        );
        let d_posterior = &d_inferred.at(time)[..2 * u];
        product_add(simd, &self.packed.inferred.back, d_posterior, carried);
        let packed = &self.packed.controller;
        controller.backward(simd, packed, time, [carried, passing]);
        controller.input_back(simd, packed, time, d_inputs);
        let encoded = &mut d_encoded.at_mut(time)[..2 * e];
        encoded.copy_from_slice(&d_inputs[..2 * e]);
        if let Some(keep) = keep {
            scale(keep, At::time(g, time, s.time, 2 * s.encoder), encoded);
        }
    }

    /// From g_0 to the last states of the encoders, whose derivatives take the place of the
    /// controller's and the generator's in `carried`.
    fn initial_back<S: Simd>(&mut self, simd: S) {
        let (s, g, ln_min) = (self.task.sizes, self.groups(), self.task.ln_min);
        let keep = self.part(self.task.given.noise.keep_ends, 2 * s.encoder);
        let (n, e) = (s.generator * g, s.encoder * g);
        let b = &mut *self.buffers;
        let (dm, dv) = b.d_initial.at_mut(0)[..2 * n].split_at_mut(n);
        let logvar = &b.initial.at(0)[n..2 * n];
        let eps = b.initial_normals.at(0);
        sample_back(simd, [dm, dv], [&b.carried[1][..n], logvar, eps], ln_min);
        let ends = &mut b.d_inputs[..2 * e];
        let from = &b.d_initial.at(0)[..2 * n];
        product(simd, &self.packed.initial.back, from, ends);
        if let Some(keep) = keep {
            scale(keep, At::only(g, 2 * s.encoder), ends);
        }
    }

    /// Both encoders back, each from the end of its way.
    fn encoders_back<S: Simd>(&mut self, simd: S, sums: &mut [T]) {
        let (s, g) = (self.task.sizes, self.groups());
        let e = s.encoder * g;
        self.first_state(sums, 2);
        for direction in 0..2 {
            let Workspace {
                encoders,
                d_encoded,
                carried: [carried, _],
                passing,
                d_inputs,
                ..
            } = &mut *self.buffers;
            let encoder = &mut encoders[direction];
            // The one from the back stands first among the ends, second in what is encoded.
            let end = &d_inputs[(1 - direction) * e..][..e];
            carried[..e].copy_from_slice(end);
            for step in (0..s.time).rev() {
                if s.controller > 0 {
                    let time = time(direction, step, s.time);
                    let arriving = &d_encoded.at(time)[direction * e..][..e];
                    add(simd, carried, arriving);
                }
                let packed = &self.packed.encoders[direction];
                encoder.backward(simd, packed, step, [carried, passing]);
            }
            self.first_state(sums, direction);
        }
    }
}

/// Adds to the derivatives by mean and log-variance what comes through a sample.
///
/// Sources: the derivative by the sample, the log-variance, the normal of the sample.
fn sample_back<S: Simd, T: Lanes>(
    simd: S,
    by: [&mut [Cell<T>]; 2],
    sources: [&[Cell<T>]; 3],
    ln_min: T,
) {
    each_2_3(simd, by, sources, move |[dm, dv], [d, v, eps]| {
        *dm += d;
        let spread = deviation::<S, T>(v, ln_min) * sigmoid::<S, T>(v - ln_min);
        *dv += T::of(0.5) * d * eps * spread;
    });
}

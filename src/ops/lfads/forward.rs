//! One slice of trials from what was observed to the rates.

use pulp::Simd;

use super::places::Places;
use super::spread::{Pass, Workspace};
use super::{Results, Way};
use crate::ops::Lanes;
use crate::ops::simd::each::each_1_3;
use crate::ops::simd::functions::{exp, softplus};
use crate::ops::simd::product::product;
use crate::ops::simd::trials::{At, clear, load, repeat, scale, store};

/// ln(e^v + min), given ln min.
#[inline(always)]
pub fn with_min<S: Simd, T: Lanes>(v: T, ln_min: T) -> T {
    ln_min + softplus::<S, T>(v - ln_min)
}

/// The standard deviation whose variance is e^v + min.
#[inline(always)]
pub fn deviation<S: Simd, T: Lanes>(v: T, ln_min: T) -> T {
    exp::<S, T>(T::of(0.5) * with_min::<S, T>(v, ln_min))
}

impl<T: Lanes> Pass<'_, T> {
    /// Both encoders over all times.
    pub fn encode<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let (given, copies) = (&self.task.given, self.task.copies);
        let places = Places::of(s);
        let copied = (copies > 1).then(|| self.trials.start / copies);
        if copied.is_some() && self.buffers.encoded == copied {
            return;
        }
        self.buffers.encoded = copied;
        let observed = match copied {
            Some(trial) => &given.observed[trial * s.time * s.channels..][..s.time * s.channels],
            None => self
                .part(Some(given.observed), s.time * s.channels)
                .unwrap_or_default(),
        };
        let keep = self.part(given.noise.keep_observed, s.time * s.channels);
        for (direction, place) in places.encoders.into_iter().enumerate() {
            let first = &given.params[place][..s.encoder];
            let encoder = &mut self.buffers.encoders[direction];
            let packed = &self.packed.encoders[direction];
            repeat(first, g, trials, encoder.state_mut(0));
            for step in 0..s.time {
                let at = At::time(g, time(direction, step, s.time), s.time, s.channels);
                let into = encoder.input_mut(step);
                if copied.is_some() {
                    let row = &observed[at.time * s.channels..][..s.channels];
                    repeat(row, g, trials, into);
                } else {
                    load(observed, at, into);
                }
                if let Some(keep) = keep {
                    scale(keep, at, encoder.input_mut(step));
                }
                encoder.forward(simd, packed, step);
                // Trials that the slice lacks stay at zero: they could overflow.
                clear(trials, g, encoder.state_mut(step + 1));
            }
        }
    }

    /// g_0: a sample of its posterior, or what is given.
    pub fn begin_generator<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let noise = self.task.given.noise;
        let (ln_min, at) = (self.task.ln_min, At::only(g, s.generator));
        let normals = self.part(noise.initial, s.generator).unwrap_or_default();
        let ends = self.part(noise.keep_ends, 2 * s.encoder);
        let b = &mut *self.buffers;
        if self.task.way == Way::Generate {
            return load(normals, at, b.generator.state_mut(0));
        }
        let e = s.encoder * g;
        let [forward, reverse] = &b.encoders;
        b.ends.at_mut(0)[..e].copy_from_slice(reverse.state(s.time));
        b.ends.at_mut(0)[e..2 * e].copy_from_slice(forward.state(s.time));
        if let Some(keep) = ends {
            scale(
                keep,
                At::only(g, 2 * s.encoder),
                &mut b.ends.at_mut(0)[..2 * e],
            );
        }
        let n = s.generator * g;
        let posterior = b.initial.at_mut(0);
        product(
            simd,
            &self.packed.initial.ahead,
            &b.ends.at(0)[..2 * e + g],
            posterior,
        );
        let (mean, logvar) = posterior[..2 * n].split_at(n);
        let eps = &mut b.initial_normals.at_mut(0)[..n];
        load(normals, at, eps);
        let state = b.generator.state_mut(0);
        each_1_3(simd, [state], [mean, logvar, eps], move |[x], [m, v, e]| {
            *x = m + e * deviation::<S, T>(v, ln_min);
        });
        clear(trials, g, b.generator.state_mut(0));
    }

    /// Controller, generator, factors and log-rates of all times.
    pub fn generate<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let given = &self.task.given;
        let keep = self.part(given.noise.keep_generated, s.time * s.generator);
        let inferred = self.part(given.noise.inferred, s.time * s.inferred);
        let controlled = s.controller > 0 && self.task.way != Way::Generate;
        if controlled {
            let first = &given.params[Places::of(s).controller][..s.controller];
            let controller = &mut self.buffers.controller;
            repeat(first, g, trials, controller.state_mut(0));
            let factors = &mut controller.input_mut(0)[2 * s.encoder * g..];
            factors.fill(crate::ops::simd::Cell::splat(T::of(0.0)));
        }
        for time in 0..s.time {
            if controlled {
                self.control(simd, time);
            } else {
                let at = At::time(g, time, s.time, s.inferred);
                let into = self.buffers.generator.input_mut(time);
                load(inferred.unwrap_or_default(), at, into);
            }
            let b = &mut *self.buffers;
            b.generator.forward(simd, &self.packed.generator, time);
            let state = b.generator.state_mut(time + 1);
            if let Some(keep) = keep {
                scale(keep, At::time(g, time, s.time, s.generator), state);
            }
            clear(trials, g, state);
            let factors = b.factors.at_mut(time);
            product(simd, &self.packed.factors.ahead, state, factors);
            if controlled && time + 1 < s.time {
                let into = &mut b.controller.input_mut(time + 1)[2 * s.encoder * g..];
                into.copy_from_slice(&factors[..s.factors * g]);
            }
            let (factors, rates) = (&factors[..(s.factors + 1) * g], b.rates.at_mut(time));
            product(simd, &self.packed.rates.ahead, factors, rates);
        }
    }

    /// One step of the controller, and the sample of u that it gives the generator.
    fn control<S: Simd>(&mut self, simd: S, time: usize) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let (noise, ln_min) = (self.task.given.noise, self.task.ln_min);
        let keep = self.part(noise.keep_encoded, s.time * 2 * s.encoder);
        let samples = [noise.inferred, noise.asked];
        let samples = samples.map(|normals| self.part(normals, s.time * s.inferred));
        let Workspace {
            encoders: [forward, reverse],
            controller,
            generator,
            inferred,
            normals,
            ..
        } = &mut *self.buffers;
        let e = s.encoder * g;
        let encoded = &mut controller.input_mut(time)[..2 * e];
        encoded[..e].copy_from_slice(forward.state(time + 1));
        encoded[e..].copy_from_slice(reverse.state(s.time - time));
        if let Some(keep) = keep {
            scale(keep, At::time(g, time, s.time, 2 * s.encoder), encoded);
        }
        controller.forward(simd, &self.packed.controller, time);
        clear(trials, g, controller.state_mut(time + 1));
        let posterior = inferred.at_mut(time);
        let from = controller.state_and_one(time + 1);
        product(simd, &self.packed.inferred.ahead, from, posterior);
        let u = s.inferred * g;
        let eps = &mut normals.at_mut(time)[..2 * u];
        for (into, from) in eps.chunks_exact_mut(u).zip(samples) {
            let at = At::time(g, time, s.time, s.inferred);
            load(from.unwrap_or_default(), at, into);
        }
        let (mean, logvar) = posterior[..2 * u].split_at(u);
        let into = generator.input_mut(time);
        each_1_3(simd, [into], [mean, logvar, eps], move |[x], [m, v, e]| {
            *x = m + e * deviation::<S, T>(v, ln_min);
        });
    }

    /// Copies what is asked for.
    pub fn store(&mut self, into: &mut Results<'_, T>) {
        let (s, g) = (self.task.sizes, self.groups());
        let b = &mut *self.buffers;
        for time in 0..s.time {
            let at = |width| At::time(g, time, s.time, width);
            let put = |cells: &[_], into: &mut [T], width: usize| {
                store(&cells[..width * g], into, at(width));
            };
            put(b.rates.at(time), into.log_rates, s.channels);
            put(b.factors.at(time), into.factors, s.factors);
            put(b.generator.state(time + 1), into.generator, s.generator);
            put(b.controller.state(time + 1), into.controller, s.controller);
            put(b.generator.input_mut(time), into.inferred, s.inferred);
            let posterior = b.inferred.at(time);
            put(posterior, into.inferred_posterior, 2 * s.inferred);
        }
        let put = |cells: &[_], into: &mut [T], width: usize| {
            store(&cells[..width * g], into, At::only(g, width));
        };
        put(b.generator.state(0), into.initial, s.generator);
        put(b.initial.at(0), into.initial_posterior, 2 * s.generator);
    }
}

/// The time of a step in a direction.
pub fn time(direction: usize, step: usize, times: usize) -> usize {
    match direction {
        0 => step,
        _ => times - 1 - step,
    }
}

//! Forward pass of one slice of trials, from the observations to the rates.

use pulp::Simd;

use super::Results;
use super::job::Mode;
use super::layout::ParamLayout;
use super::slice::{Slice, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::Lane16;
use crate::ops::simd::elementwise::each_1_3;
use crate::ops::simd::gemm::gemm;
use crate::ops::simd::lanes::{FeatureSlice, broadcast, clear_unused, load, scale, store};
use crate::ops::simd::math::{exp, softplus};

/// ln(e^v + min), the logarithm of a variance with a lower bound.
#[inline(always)]
pub fn ln_variance<S: Simd, T: Lanes>(v: T, ln_var_min: T) -> T {
    ln_var_min + softplus::<S, T>(v - ln_var_min)
}

/// The standard deviation, sqrt(e^v + min).
#[inline(always)]
pub fn std_dev<S: Simd, T: Lanes>(v: T, ln_var_min: T) -> T {
    exp::<S, T>(T::of(0.5) * ln_variance::<S, T>(v, ln_var_min))
}

impl<T: Lanes> Slice<'_, T> {
    /// Runs both encoders over all time steps.
    pub fn encode<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let (inputs, copies) = (&self.job.inputs, self.job.copies);
        let layout = ParamLayout::new(s);
        let copied = (copies > 1).then(|| self.trials.start / copies);
        if copied.is_some() && self.buffers.encoded_trial == copied {
            return;
        }
        self.buffers.encoded_trial = copied;
        let values = match copied {
            Some(trial) => &inputs.observed[trial * s.time * s.channels..][..s.time * s.channels],
            None => self
                .trial_rows(Some(inputs.observed), s.time * s.channels)
                .unwrap_or_default(),
        };
        let observations = Observations {
            values,
            are_copied: copied.is_some(),
            mask: self.trial_rows(inputs.noise.dropout_observed, s.time * s.channels),
        };
        for (direction, range) in layout.encoders.into_iter().enumerate() {
            let first = &inputs.params[range][..s.encoder];
            let encoder = &mut self.buffers.encoders[direction];
            let packed = &self.packed.encoders[direction];
            broadcast(first, g, trials, encoder.state_mut(0));
            for step in 0..s.time {
                let time = time_of_step(direction, step, s.time);
                let at = FeatureSlice::at_step(g, time, s.time, s.channels);
                observations.load(at, trials, encoder.input_mut(step));
                encoder.forward(simd, packed, step);
                // Unused lanes are reset to zero; otherwise they could overflow.
                clear_unused(trials, g, encoder.state_mut(step + 1));
            }
        }
    }

    /// Sets g_0 to a sample of its posterior, or to the given initial condition.
    pub fn sample_initial<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let noise = self.job.inputs.noise;
        let (ln_var_min, at) = (self.job.ln_var_min, FeatureSlice::no_time(g, s.generator));
        let normals = self
            .trial_rows(noise.initial, s.generator)
            .unwrap_or_default();
        let mask = self.trial_rows(noise.dropout_final, 2 * s.encoder);
        let b = &mut *self.buffers;
        if self.job.mode == Mode::Generate {
            return load(normals, at, b.generator.state_mut(0));
        }
        let e = s.encoder * g;
        let [forward, reverse] = &b.encoders;
        b.final_states.at_mut(0)[..e].copy_from_slice(reverse.state(s.time));
        b.final_states.at_mut(0)[e..2 * e].copy_from_slice(forward.state(s.time));
        if let Some(mask) = mask {
            scale(
                mask,
                FeatureSlice::no_time(g, 2 * s.encoder),
                &mut b.final_states.at_mut(0)[..2 * e],
            );
        }
        let n = s.generator * g;
        let posterior = b.initial.at_mut(0);
        gemm(
            simd,
            &self.packed.initial.weights,
            &b.final_states.at(0)[..2 * e + g],
            posterior,
        );
        let (mean, logvar) = posterior[..2 * n].split_at(n);
        let eps = &mut b.initial_normals.at_mut(0)[..n];
        load(normals, at, eps);
        let state = b.generator.state_mut(0);
        sample(simd, state, [mean, logvar, eps], ln_var_min);
        clear_unused(trials, g, b.generator.state_mut(0));
    }

    /// Computes controller, generator, factors and log-rates at all time steps.
    pub fn run_generator<S: Simd>(&mut self, simd: S) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let inputs = &self.job.inputs;
        let mask = self.trial_rows(inputs.noise.dropout_generator, s.time * s.generator);
        let inferred = self.trial_rows(inputs.noise.inferred, s.time * s.inferred);
        let controlled = s.controller > 0 && self.job.mode != Mode::Generate;
        if controlled {
            self.initialize_controller();
        }
        for time in 0..s.time {
            if controlled {
                self.step_controller(simd, time);
            } else {
                let at = FeatureSlice::at_step(g, time, s.time, s.inferred);
                let into = self.buffers.generator.input_mut(time);
                load(inferred.unwrap_or_default(), at, into);
            }
            let b = &mut *self.buffers;
            b.generator.forward(simd, &self.packed.generator, time);
            let state = b.generator.state_mut(time + 1);
            if let Some(mask) = mask {
                let at = FeatureSlice::at_step(g, time, s.time, s.generator);
                scale(mask, at, state);
            }
            clear_unused(trials, g, state);
            let factors = b.factors.at_mut(time);
            gemm(simd, &self.packed.factors.weights, state, factors);
            if controlled && time + 1 < s.time {
                let into = &mut b.controller.input_mut(time + 1)[2 * s.encoder * g..];
                into.copy_from_slice(&factors[..s.factors * g]);
            }
            let (factors, rates) = (&factors[..(s.factors + 1) * g], b.rates.at_mut(time));
            gemm(simd, &self.packed.rates.weights, factors, rates);
        }
    }

    /// Sets the initial state of the controller, and the factors that its first step reads to zero.
    fn initialize_controller(&mut self) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let first = &self.job.inputs.params[ParamLayout::new(s).controller][..s.controller];
        let controller = &mut self.buffers.controller;
        broadcast(first, g, trials, controller.state_mut(0));
        let factors = &mut controller.input_mut(0)[2 * s.encoder * g..];
        factors.fill(Lane16::splat(T::of(0.0)));
    }

    /// Runs one controller step and samples u, the input of the generator.
    fn step_controller<S: Simd>(&mut self, simd: S, time: usize) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let (noise, ln_var_min) = (self.job.inputs.noise, self.job.ln_var_min);
        let mask = self.trial_rows(noise.dropout_encoded, s.time * 2 * s.encoder);
        let samples = [noise.inferred, noise.kl_sample];
        let samples = samples.map(|normals| self.trial_rows(normals, s.time * s.inferred));
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
        if let Some(mask) = mask {
            let at = FeatureSlice::at_step(g, time, s.time, 2 * s.encoder);
            scale(mask, at, encoded);
        }
        controller.forward(simd, &self.packed.controller, time);
        clear_unused(trials, g, controller.state_mut(time + 1));
        let posterior = inferred.at_mut(time);
        let from = controller.state_and_one(time + 1);
        gemm(simd, &self.packed.inferred.weights, from, posterior);
        let u = s.inferred * g;
        let eps = &mut normals.at_mut(time)[..2 * u];
        for (into, from) in eps.chunks_exact_mut(u).zip(samples) {
            let at = FeatureSlice::at_step(g, time, s.time, s.inferred);
            load(from.unwrap_or_default(), at, into);
        }
        let (mean, logvar) = posterior[..2 * u].split_at(u);
        let into = generator.input_mut(time);
        sample(simd, into, [mean, logvar, eps], ln_var_min);
    }

    /// Copies the requested results.
    pub fn store_results(&mut self, into: &mut Results<'_, T>) {
        let (s, g) = (self.job.sizes, self.groups());
        let b = &mut *self.buffers;
        for time in 0..s.time {
            let at = |width| FeatureSlice::at_step(g, time, s.time, width);
            let put = |lanes: &[_], into: &mut [T], width: usize| {
                store(&lanes[..width * g], into, at(width));
            };
            put(b.rates.at(time), into.log_rates, s.channels);
            put(b.factors.at(time), into.factors, s.factors);
            put(b.generator.state(time + 1), into.generator, s.generator);
            put(b.controller.state(time + 1), into.controller, s.controller);
            put(b.generator.input_mut(time), into.inferred, s.inferred);
            let posterior = b.inferred.at(time);
            put(posterior, into.inferred_posterior, 2 * s.inferred);
        }
        let put = |lanes: &[_], into: &mut [T], width: usize| {
            store(&lanes[..width * g], into, FeatureSlice::no_time(g, width));
        };
        put(b.generator.state(0), into.initial, s.generator);
        put(b.initial.at(0), into.initial_posterior, 2 * s.generator);
    }
}

/// Time step at which an encoder of direction 0 (forward) or 1 (reverse) runs its step `step`.
pub fn time_of_step(direction: usize, step: usize, steps: usize) -> usize {
    match direction {
        0 => step,
        _ => steps - 1 - step,
    }
}

/// Sets `x` to samples m + e sqrt(exp(v) + min) of posteriors.
#[inline(always)]
fn sample<S: Simd, T: Lanes>(
    simd: S,
    x: &mut [Lane16<T>],
    posterior_and_normals: [&[Lane16<T>]; 3],
    ln_var_min: T,
) {
    each_1_3(simd, [x], posterior_and_normals, move |[x], [m, v, e]| {
        *x = m + e * std_dev::<S, T>(v, ln_var_min);
    });
}

/// The observations that the encoders of a slice read.
struct Observations<'a, T> {
    values: &'a [T],
    /// Whether all trials of the slice are copies of one, whose observations `values` contains.
    are_copied: bool,
    /// Dropout factors.
    mask: Option<&'a [T]>,
}

impl<T: Lanes> Observations<'_, T> {
    /// Loads the observations at one time step.
    #[inline(always)]
    fn load(&self, at: FeatureSlice, trials: usize, into: &mut [Lane16<T>]) {
        if self.are_copied {
            let row = &self.values[at.time * at.width..][..at.width];
            broadcast(row, at.groups, trials, into);
        } else {
            load(self.values, at, into);
        }
        if let Some(mask) = self.mask {
            scale(mask, at, into);
        }
    }
}

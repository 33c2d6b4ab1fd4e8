//! Backward pass of one slice of trials, from the rates to the observations.

use pulp::Simd;

use super::forward::{std_dev, time_of_step};
use super::slice::{Slice, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::Lane16;
use crate::ops::simd::elementwise::{add, each_2_3};
use crate::ops::simd::gemm::{gemm, gemm_add};
use crate::ops::simd::lanes::{FeatureSlice, scale};
use crate::ops::simd::math::sigmoid;

impl<T: Lanes> Slice<'_, T> {
    /// Runs the backward pass through all networks and adds the weight gradients to `grads`.
    pub fn backward<S: Simd>(&mut self, simd: S, grads: &mut [T]) {
        self.generator_backward(simd);
        self.initial_backward(simd);
        self.encoders_backward(simd, grads);
        self.add_weight_grads(simd, grads);
    }

    /// Runs the backward pass through the generator and the controller, from the last time step to
    /// the first. Stores the gradients with respect to the initial states of the controller and the
    /// generator in `d_states`.
    fn generator_backward<S: Simd>(&mut self, simd: S) {
        let (s, g) = (self.job.sizes, self.groups());
        let mask = self.trial_rows(
            self.job.inputs.noise.dropout_generator,
            s.time * s.generator,
        );
        let zero = Lane16::splat(T::of(0.0));
        let (n, k) = (s.generator * g, s.factors * g);
        for d_state in &mut self.buffers.d_states {
            d_state.fill(zero);
        }
        for time in (0..s.time).rev() {
            let b = &mut *self.buffers;
            let d_factors = &mut b.d_factors.at_mut(time)[..k];
            let d_rates = &b.rates.at(time)[..s.channels * g];
            gemm(simd, &self.packed.rates.transposed, d_rates, d_factors);
            if s.controller > 0 && time + 1 < s.time {
                add(simd, d_factors, &b.d_inputs[2 * s.encoder * g..][..k]);
            }
            let d_state = &mut b.d_states[1];
            gemm_add(simd, &self.packed.factors.transposed, d_factors, d_state);
            if let Some(mask) = mask {
                let at = FeatureSlice::at_step(g, time, s.time, s.generator);
                scale(mask, at, &mut d_state[..n]);
            }
            let buffers = [&mut d_state[..], &mut b.scratch];
            b.generator
                .backward(simd, &self.packed.generator, time, buffers);
            if s.controller > 0 {
                self.controller_backward(simd, time);
            }
        }
    }

    /// Runs the backward pass of one controller step. Stores the gradient with respect to its input
    /// in `d_inputs`.
    fn controller_backward<S: Simd>(&mut self, simd: S, time: usize) {
        let (s, g, ln_var_min) = (self.job.sizes, self.groups(), self.job.ln_var_min);
        let noise = &self.job.inputs.noise;
        let mask = self.trial_rows(noise.dropout_encoded, s.time * 2 * s.encoder);
        let (u, e) = (s.inferred * g, s.encoder * g);
        let Workspace {
            controller,
            generator,
            inferred,
            d_inferred,
            normals,
            d_encoded,
            d_states: [d_state, _],
            scratch,
            d_inputs,
            ..
        } = &mut *self.buffers;
        generator.input_backward(simd, &self.packed.generator, time, d_inputs);
        let (dm, dv) = d_inferred.at_mut(time)[..2 * u].split_at_mut(u);
        let logvar = &inferred.at(time)[u..2 * u];
        let sources = [&d_inputs[..u], logvar, normals.at(time)];
        sample_backward(simd, [dm, dv], sources, ln_var_min);
        let d_posterior = &d_inferred.at(time)[..2 * u];
        gemm_add(simd, &self.packed.inferred.transposed, d_posterior, d_state);
        let packed = &self.packed.controller;
        controller.backward(simd, packed, time, [d_state, scratch]);
        controller.input_backward(simd, packed, time, d_inputs);
        let encoded = &mut d_encoded.at_mut(time)[..2 * e];
        encoded.copy_from_slice(&d_inputs[..2 * e]);
        if let Some(mask) = mask {
            let at = FeatureSlice::at_step(g, time, s.time, 2 * s.encoder);
            scale(mask, at, encoded);
        }
    }

    /// Runs the backward pass from g_0 to the final encoder states. Stores the gradient with
    /// respect to these in `d_inputs`.
    fn initial_backward<S: Simd>(&mut self, simd: S) {
        let (s, g, ln_var_min) = (self.job.sizes, self.groups(), self.job.ln_var_min);
        let mask = self.trial_rows(self.job.inputs.noise.dropout_final, 2 * s.encoder);
        let (n, e) = (s.generator * g, s.encoder * g);
        let b = &mut *self.buffers;
        let (dm, dv) = b.d_initial.at_mut(0)[..2 * n].split_at_mut(n);
        let logvar = &b.initial.at(0)[n..2 * n];
        let eps = b.initial_normals.at(0);
        sample_backward(
            simd,
            [dm, dv],
            [&b.d_states[1][..n], logvar, eps],
            ln_var_min,
        );
        let d_final = &mut b.d_inputs[..2 * e];
        let from = &b.d_initial.at(0)[..2 * n];
        gemm(simd, &self.packed.initial.transposed, from, d_final);
        if let Some(mask) = mask {
            scale(mask, FeatureSlice::no_time(g, 2 * s.encoder), d_final);
        }
    }

    /// Runs the backward pass through both encoders, each from its last step to its first.
    fn encoders_backward<S: Simd>(&mut self, simd: S, grads: &mut [T]) {
        let (s, g) = (self.job.sizes, self.groups());
        let e = s.encoder * g;
        self.add_initial_state_grad(grads, 2);
        for direction in 0..2 {
            let Workspace {
                encoders,
                d_encoded,
                d_states: [d_state, _],
                scratch,
                d_inputs,
                ..
            } = &mut *self.buffers;
            let encoder = &mut encoders[direction];
            // The reverse encoder is first among the final states, second in the encoding e_t.
            let d_final = &d_inputs[(1 - direction) * e..][..e];
            d_state[..e].copy_from_slice(d_final);
            for step in (0..s.time).rev() {
                if s.controller > 0 {
                    let time = time_of_step(direction, step, s.time);
                    let encoded = &d_encoded.at(time)[direction * e..][..e];
                    add(simd, d_state, encoded);
                }
                let packed = &self.packed.encoders[direction];
                encoder.backward(simd, packed, step, [d_state, scratch]);
            }
            self.add_initial_state_grad(grads, direction);
        }
    }
}

/// Adds the gradients that reach mean and log-variance through a sample.
///
/// `sources`: the gradient with respect to the sample, the log-variance, the normal of the sample.
fn sample_backward<S: Simd, T: Lanes>(
    simd: S,
    d_posterior: [&mut [Lane16<T>]; 2],
    sources: [&[Lane16<T>]; 3],
    ln_var_min: T,
) {
    each_2_3(simd, d_posterior, sources, move |[dm, dv], [d, v, eps]| {
        *dm += d;
        let d_sd = std_dev::<S, T>(v, ln_var_min) * sigmoid::<S, T>(v - ln_var_min);
        *dv += T::of(0.5) * d * eps * d_sd;
    });
}

//! One slice of trials with its buffers.

use std::ops::Range;

use super::Sizes;
use super::activations::{Activations, GruActivations};
use super::job::Job;
use super::packed_params::PackedParams;
use crate::ops::Lanes;
use crate::ops::simd::Lane16;
use crate::ops::simd::gemm_tn::Transposed;
use crate::ops::simd::lanes::row_length;

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T: Lanes> {
    /// The trial that the encoders processed last, if its copies share the encoding.
    pub encoded_trial: Option<usize>,
    pub encoders: [GruActivations<T>; 2],
    pub controller: GruActivations<T>,
    pub generator: GruActivations<T>,
    /// Final states of the reverse and the forward encoder, and a 1.
    pub final_states: Activations<T>,
    /// Means and log-variances of g_0, their gradients, and the normals of the sample.
    pub initial: Activations<T>,
    pub d_initial: Activations<T>,
    pub initial_normals: Activations<T>,
    /// The same for u; the normals are those of both samples.
    pub inferred: Activations<T>,
    pub d_inferred: Activations<T>,
    pub normals: Activations<T>,
    /// Factors, and a 1.
    pub factors: Activations<T>,
    pub d_factors: Activations<T>,
    /// Log-rates, replaced by their gradients in the backward pass.
    pub rates: Activations<T>,
    pub d_encoded: Activations<T>,
    /// Observations at one time step, replaced by their contribution to the loss.
    pub observed: Activations<T>,
    /// Gradients with respect to the states of the controller and the generator in the backward
    /// pass.
    pub d_states: [Vec<Lane16<T>>; 2],
    /// Scratch space of one step.
    pub scratch: Vec<Lane16<T>>,
    pub d_inputs: Vec<Lane16<T>>,
    pub transposed: Transposed<T>,
}

impl<T: Lanes> Workspace<T> {
    /// The buffers of all time steps besides those of the recurrent networks, in the order of
    /// [`sequence_widths`].
    fn sequences(&mut self) -> [&mut Activations<T>; 7] {
        [
            &mut self.inferred,
            &mut self.d_inferred,
            &mut self.normals,
            &mut self.factors,
            &mut self.d_factors,
            &mut self.rates,
            &mut self.d_encoded,
        ]
    }

    /// Lanes of one time step in all buffers that store every time step, for `groups` trial groups
    /// per slice.
    pub fn lanes_per_step(s: Sizes, groups: usize) -> usize {
        let [encoder, controller, generator] =
            [s.encoder_dims(), s.controller_dims(), s.generator_dims()]
                .map(|dims| GruActivations::<T>::lanes_per_step(dims, groups));
        let sequences = sequence_widths(s).map(|width| row_length(width * groups));
        2 * encoder + controller + generator + sequences.iter().sum::<usize>()
    }
}

/// The widths of the buffers of [`Workspace::sequences`], in quantities.
fn sequence_widths(s: Sizes) -> [usize; 7] {
    let posterior = 2 * s.inferred;
    [
        posterior,
        posterior,
        posterior,
        s.factors + 1,
        s.factors,
        s.channels,
        2 * s.encoder,
    ]
}

/// One slice of a job: its trials and buffers.
pub struct Slice<'a, T: Lanes> {
    pub job: &'a Job<'a, T>,
    pub packed: &'a PackedParams<T>,
    /// The trials of the slice.
    pub trials: Range<usize>,
    pub buffers: &'a mut Workspace<T>,
}

impl<'a, T: Lanes> Slice<'a, T> {
    pub fn groups(&self) -> usize {
        self.job.partition.config.groups
    }

    /// The rows of this slice in an array with `width` elements per trial.
    pub fn trial_rows<X>(&self, source: Option<&'a [X]>, width: usize) -> Option<&'a [X]> {
        source.map(|source| &source[self.trials.start * width..self.trials.end * width])
    }

    /// Resizes the buffers and sets the constant 1 of each bias.
    pub fn prepare(&mut self) {
        let (s, g) = (self.job.sizes, self.groups());
        let b = &mut *self.buffers;
        for encoder in &mut b.encoders {
            encoder.resize(s.encoder_dims(), g, s.time);
        }
        b.controller.resize(s.controller_dims(), g, s.time);
        b.generator.resize(s.generator_dims(), g, s.time);
        b.final_states.resize(1, (2 * s.encoder + 1) * g);
        b.initial.resize(1, 2 * s.generator * g);
        b.d_initial.resize(1, 2 * s.generator * g);
        b.initial_normals.resize(1, s.generator * g);
        for (buffer, width) in b.sequences().into_iter().zip(sequence_widths(s)) {
            buffer.resize(s.time, width * g);
        }
        b.observed.resize(2, s.channels.max(s.generator) * g);
        let zero = Lane16::splat(T::of(0.0));
        let widest = s.encoder.max(s.controller).max(s.generator) * g;
        for d_state in &mut b.d_states {
            d_state.resize(widest, zero);
        }
        b.scratch.resize(widest, zero);
        let inputs = (2 * s.encoder + s.factors).max(s.inferred) * g;
        b.d_inputs.resize(inputs, zero);
        let one = Lane16::splat(T::of(1.0));
        b.final_states.at_mut(0)[2 * s.encoder * g..][..g].fill(one);
        for time in 0..s.time {
            b.factors.at_mut(time)[s.factors * g..][..g].fill(one);
        }
    }
}

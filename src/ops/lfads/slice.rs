//! Execution of a job on all trials, and the sequence of passes for one slice of trials.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::activations::{Activations, GruActivations};
use super::layout::GradLayout;
use super::packed_params::PackedParams;
use super::{Inputs, Losses, Mode, Operation, Results, Sizes};
use crate::ops::Lanes;
use crate::ops::parallel::{BatchJob, split_front};
use crate::ops::simd::gemm_tn::Transposed;
use crate::ops::simd::partition::Partition;
use crate::ops::simd::{Lane16, TRIALS};

/// Description of one call, shared by all slices.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a, T> {
    pub sizes: Sizes,
    pub inputs: Inputs<'a, T>,
    pub mode: Mode,
    /// Number of batch rows that share the observations of one trial.
    pub copies: usize,
    pub partition: Partition,
    /// Weight of a trial in the loss.
    pub trial_weight: T,
    /// Logarithm of the minimum variance.
    pub ln_var_min: T,
}

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

/// One slice of a job: its trials and buffers.
pub struct Slice<'a, T: Lanes> {
    pub job: &'a Job<'a, T>,
    pub packed: &'a PackedParams<T>,
    /// The trials of the slice.
    pub trials: Range<usize>,
    pub buffers: &'a mut Workspace<T>,
}

impl<T: Lanes> Operation<T> {
    /// Runs a job on all trials; stores the weight gradients in `self.grads`.
    pub(super) fn execute<'a>(&'a mut self, job: Job<'_, T>, results: Results<'a, T>) {
        let batch = job.sizes.batch;
        for workspace in &mut self.workspaces {
            workspace.encoded_trial = None;
        }
        self.packed.pack(&job);
        self.losses.clear();
        self.losses
            .resize(batch.div_ceil(TRIALS), Losses::default());
        let grads = match job.mode {
            Mode::Gradient => GradLayout::new(job.sizes).count(),
            Mode::Infer | Mode::Losses | Mode::Generate => 0,
        };
        let runs = job.partition.runs(batch);
        self.grads.resize(runs * grads, T::of(0.0));
        let packed = &self.packed;
        let batch_job = BatchJob {
            batch,
            partition: job.partition,
            results: (results, self.losses.as_mut_slice()),
            split_results: |(results, losses): &mut (Results<'a, T>, &'a mut [Losses]),
                            trials: usize| {
                let losses = split_front(losses, trials.div_ceil(TRIALS));
                (results.split_front(job.sizes, trials), losses)
            },
            sums: &mut self.grads,
        };
        batch_job.run(&mut self.workspaces, |part, buffers| {
            let slice = Slice {
                job: &job,
                packed,
                trials: part.trials,
                buffers,
            };
            let (results, losses) = part.results;
            Arch::new().dispatch(SliceKernel {
                slice,
                results,
                losses,
                grads: part.sums,
            });
        });
    }
}

impl<'a, T> Results<'a, T> {
    /// Splits the results of the first trials off.
    fn split_front(&mut self, s: Sizes, trials: usize) -> Results<'a, T> {
        let steps = trials * s.time;
        Results {
            log_rates: split_front(&mut self.log_rates, steps * s.channels),
            factors: split_front(&mut self.factors, steps * s.factors),
            generator: split_front(&mut self.generator, steps * s.generator),
            controller: split_front(&mut self.controller, steps * s.controller),
            inferred: split_front(&mut self.inferred, steps * s.inferred),
            inferred_posterior: split_front(&mut self.inferred_posterior, steps * 2 * s.inferred),
            initial: split_front(&mut self.initial, trials * s.generator),
            initial_posterior: split_front(&mut self.initial_posterior, trials * 2 * s.generator),
        }
    }
}

/// The kernel that processes one slice.
struct SliceKernel<'a, T: Lanes> {
    slice: Slice<'a, T>,
    results: Results<'a, T>,
    losses: &'a mut [Losses],
    grads: &'a mut [T],
}

impl<T: Lanes> WithSimd for SliceKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SliceKernel {
            mut slice,
            mut results,
            losses,
            grads,
        } = self;
        slice.prepare();
        if slice.job.mode != Mode::Generate {
            slice.encode(simd);
        }
        slice.sample_initial(simd);
        slice.run_generator(simd);
        slice.store_results(&mut results);
        match slice.job.mode {
            Mode::Infer | Mode::Generate => {}
            Mode::Losses | Mode::Gradient => slice.losses(simd, losses, grads),
        }
        if slice.job.mode == Mode::Gradient {
            slice.backward(simd, grads);
        }
    }
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
    fn prepare(&mut self) {
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
        b.inferred.resize(s.time, 2 * s.inferred * g);
        b.d_inferred.resize(s.time, 2 * s.inferred * g);
        b.normals.resize(s.time, 2 * s.inferred * g);
        b.factors.resize(s.time, (s.factors + 1) * g);
        b.d_factors.resize(s.time, s.factors * g);
        b.rates.resize(s.time, s.channels * g);
        b.d_encoded.resize(s.time, 2 * s.encoder * g);
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

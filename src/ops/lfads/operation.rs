//! The operation with its buffers, and the execution of a job on all trials.

use pulp::Arch;

use super::job::{Job, Mode};
use super::layout::{GradLayout, ParamLayout};
use super::packed_params::PackedParams;
use super::slice::{Slice, Workspace};
use super::slice_kernel::SliceKernel;
use super::weight_grads;
use super::{Constants, Inputs, Losses, Noise, Results, Sizes};
use crate::ops::Lanes;
use crate::ops::parallel::{BatchJob, split_front, workspace_count};
use crate::ops::simd::TRIALS;
use crate::ops::simd::gemm_tn::sum_runs;
use crate::ops::simd::partition::Partition;
use crate::tensor::shape::total_elements;

/// The operation with its buffers. Only the first call of each kind with the same sizes allocates
/// memory.
#[derive(Default)]
pub struct Operation<T: Lanes> {
    packed: PackedParams<T>,
    workspaces: Vec<Workspace<T>>,
    /// Loss sums of each group of trials.
    losses: Vec<Losses>,
    /// Accumulated weight gradients, one run after another.
    grads: Vec<T>,
}

impl<T: Lanes> Operation<T> {
    /// Computes the rates of all trials from the observations.
    pub fn infer(&mut self, sizes: Sizes, inputs: Inputs<'_, T>, results: Results<'_, T>) {
        self.execute(self.job(sizes, inputs, Mode::Infer), results);
    }

    /// [`Operation::infer`] for `copies` samples of each trial, a multiple of [`TRIALS`]: x is
    /// [b / copies, t, d], and the encoders process each trial once.
    pub fn infer_copies(
        &mut self,
        sizes: Sizes,
        copies: usize,
        inputs: Inputs<'_, T>,
        results: Results<'_, T>,
    ) {
        assert!(copies.is_multiple_of(TRIALS) && sizes.batch.is_multiple_of(copies));
        let mut job = self.job(sizes, inputs, Mode::Infer);
        job.copies = copies;
        job.partition = partition::<T>(sizes, copies, false);
        self.execute(job, results);
    }

    /// Computes the rates of all trials from initial conditions [b, g] and inputs [b, t, u].
    pub fn generate(
        &mut self,
        sizes: Sizes,
        params: &[T],
        [initial, inferred]: [&[T]; 2],
        results: Results<'_, T>,
    ) {
        let noise = Noise {
            initial: Some(initial),
            inferred: Some(inferred),
            ..Noise::default()
        };
        let zero = T::of(0.0);
        let inputs = Inputs {
            params,
            observed: &[],
            noise,
            constants: Constants {
                var_min: zero,
                kl_weight: zero,
            },
        };
        self.execute(self.job(sizes, inputs, Mode::Generate), results);
    }

    /// Computes the terms of the loss.
    pub fn losses(&mut self, sizes: Sizes, inputs: Inputs<'_, T>) -> Losses {
        self.execute(self.job(sizes, inputs, Mode::Losses), Results::default());
        self.mean_losses(sizes)
    }

    /// Computes the terms of the loss, and the gradient of nll + kl_weight (kl_initial +
    /// kl_inferred) with respect to the parameters, in the order of [`super::layout()`]. Overwrites
    /// `gradient`.
    pub fn gradient(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
        results: Results<'_, T>,
        gradient: &mut [T],
    ) -> Losses {
        self.execute(self.job(sizes, inputs, Mode::Gradient), results);
        let count = GradLayout::new(sizes).count();
        sum_runs(&mut self.grads, count);
        let layout = ParamLayout::new(sizes);
        weight_grads::unpack(sizes, &layout, &self.packed, &self.grads[..count], gradient);
        self.mean_losses(sizes)
    }

    /// Number of elements of the buffers of a forward pass, or of a forward and a backward pass if
    /// `backward`; saturates. `copies`: number of samples of each trial, as in
    /// [`Operation::infer_copies`], otherwise 1.
    pub fn buffer_elements(sizes: Sizes, copies: usize, backward: bool) -> usize {
        let forward = partition::<T>(sizes, copies, false);
        let workspaces = workspace_count(&forward, sizes.batch);
        let lanes = Workspace::<T>::lanes_per_step(sizes, forward.config.groups);
        let grads = match backward {
            true => GradLayout::new(sizes).count(),
            false => 0,
        };
        let runs = partition::<T>(sizes, copies, backward).runs(sizes.batch);
        total_elements(&[&[workspaces, sizes.time, lanes, TRIALS], &[runs, grads]])
    }

    fn mean_losses(&self, sizes: Sizes) -> Losses {
        let mut all = Losses::default();
        for group in &self.losses {
            all.nll += group.nll;
            all.kl_initial += group.kl_initial;
            all.kl_inferred += group.kl_inferred;
        }
        let trials = sizes.batch as f64;
        Losses {
            nll: all.nll / trials,
            kl_initial: all.kl_initial / trials,
            kl_inferred: all.kl_inferred / trials,
        }
    }

    fn job<'a>(&self, sizes: Sizes, inputs: Inputs<'a, T>, mode: Mode) -> Job<'a, T> {
        Job {
            sizes,
            inputs,
            mode,
            copies: 1,
            partition: partition::<T>(sizes, 1, mode == Mode::Gradient),
            trial_weight: T::of(1.0 / sizes.batch as f64),
            ln_var_min: T::of(inputs.constants.var_min.double().ln()),
        }
    }

    /// Packs the parameters and resizes the buffers.
    fn prepare(&mut self, job: &Job<'_, T>) {
        let batch = job.sizes.batch;
        for workspace in &mut self.workspaces {
            workspace.encoded_trial = None;
        }
        self.packed.pack(job);
        self.losses.clear();
        self.losses
            .resize(batch.div_ceil(TRIALS), Losses::default());
        let grads = match job.mode {
            Mode::Gradient => GradLayout::new(job.sizes).count(),
            Mode::Infer | Mode::Losses | Mode::Generate => 0,
        };
        let runs = job.partition.runs(batch);
        self.grads.resize(runs * grads, T::of(0.0));
    }

    /// Runs a job on all trials; stores the weight gradients in `self.grads`.
    fn execute<'a>(&'a mut self, job: Job<'_, T>, results: Results<'a, T>) {
        let batch = job.sizes.batch;
        self.prepare(&job);
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

/// The partition of a batch, with slices of one group. All copies of a trial belong to one run.
fn partition<T: Lanes>(sizes: Sizes, copies: usize, accumulates: bool) -> Partition {
    let bytes = ParamLayout::new(sizes).count() * size_of::<T>();
    let threads = rayon::current_num_threads();
    let partition = Partition::new(sizes.batch, accumulates, bytes, threads, Some(1));
    Partition {
        run: partition.run.max(copies),
        ..partition
    }
}

//! Inference of the posterior of observations.

use std::ops::Range;

use super::summary::Summary;
use super::trajectories::Trajectories;
use super::{Model, ObservedTrials};
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Status};
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Operation, Sizes};
use crate::ops::simd::TRIALS;
use crate::options;
use crate::random::{Key, Seed};

/// The batch size of inference: a few groups of trials for each thread.
const BATCH: usize = 256;

options! {
    /// Options of posterior inference.
    pub struct InferenceOptions for "lfads model.infer" {
        /// Number of posterior samples per trial. With 0 the posterior means are passed through the
        /// model once.
        samples: usize = 128, in Span::between(0.0, 10_000.0);
        /// Quantiles of the samples to compute, from 0 to 1.
        quantiles: Vec<f64> = Vec::new(), in Span::between(0.0, 1.0);
        /// Seed of the samples.
        seed: Seed = Seed::default();
    }
}

/// Summary of the posterior of each trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior<T> {
    /// Rates per second [n, t, d]; for Gaussian observations their means.
    pub rates: Summary<T>,
    /// [n, t, k]
    pub factors: Summary<T>,
    /// [n, t, g]
    pub generator: Summary<T>,
    /// [n, t, u]
    pub inferred: Summary<T>,
    /// g_0 [n, g]
    pub initial: Summary<T>,
    pub outcome: Outcome,
}

impl<T: Lanes> Posterior<T> {
    fn zeros(sizes: Sizes, [trials, time]: [usize; 2], options: &InferenceOptions) -> Posterior<T> {
        let (s, t) = (sizes, time);
        let quantiles = options.quantiles.len();
        let summary = |width: usize| Summary::zeros(trials * width, options.samples > 0, quantiles);
        Posterior {
            rates: summary(t * s.channels),
            factors: summary(t * s.factors),
            generator: summary(t * s.generator),
            inferred: summary(t * s.inferred),
            initial: summary(s.generator),
            outcome: Outcome::MaxSteps,
        }
    }

    /// Summarizes the trials from index `first` on, out of n. Each trial has `every` rows, of which
    /// the first `samples` are used.
    fn add_trials(
        &mut self,
        trajectories: &Trajectories<T>,
        first: usize,
        [samples, every, n]: [usize; 3],
        quantiles: &[f64],
    ) {
        let parts = [
            (&mut self.rates, &trajectories.rates),
            (&mut self.factors, &trajectories.factors),
            (&mut self.generator, &trajectories.generator),
            (&mut self.inferred, &trajectories.inferred),
            (&mut self.initial, &trajectories.initial),
        ];
        for (summary, values) in parts {
            summary.add_trials(first, values, [samples, every, n], quantiles);
        }
    }
}

/// Inference of one batch of trials after another, with the buffers that all of them use.
struct Inference<'a, T: Lanes> {
    model: &'a Model<T>,
    observed: &'a ObservedTrials<T>,
    key: Key,
    /// Number of posterior samples per trial; with 0 the posterior means are used.
    samples: usize,
    /// Number of rows per trial. Each trial occupies whole groups of rows; the rows beyond its
    /// samples are computed but ignored.
    rows: usize,
    operation: Operation<T>,
    trajectories: Trajectories<T>,
    normals: [Vec<T>; 2],
}

impl<T: Lanes> Model<T> {
    /// Means over posterior samples of each trial. The samples of a trial depend only on the key
    /// and the index of the trial.
    pub fn infer(
        &self,
        observed: &ObservedTrials<T>,
        options: &InferenceOptions,
        progress: &mut dyn Progress,
    ) -> Posterior<T> {
        let n = observed.trials;
        let mut posterior = Posterior::zeros(self.sizes, [n, observed.time], options);
        let mut inference = Inference::new(self, observed, options);
        let trials_per_batch = trials_per_batch(inference.rows);
        let counts = [options.samples.max(1), inference.rows, n];
        for first in (0..n).step_by(trials_per_batch) {
            let done = n.min(first + trials_per_batch);
            let trajectories = inference.run(first..done);
            posterior.add_trials(trajectories, first, counts, &options.quantiles);
            progress.report(Report {
                done,
                total: n,
                status: Status::Count { of: "trials" },
            });
            if progress.stop_requested() {
                posterior.outcome = Outcome::Interrupted { at: done };
                break;
            }
        }
        posterior
    }
}

impl<'a, T: Lanes> Inference<'a, T> {
    fn new(
        model: &'a Model<T>,
        observed: &'a ObservedTrials<T>,
        options: &InferenceOptions,
    ) -> Inference<'a, T> {
        Inference {
            model,
            observed,
            key: options.seed.key(),
            samples: options.samples,
            rows: rows_per_trial(options.samples),
            operation: Operation::default(),
            trajectories: Trajectories::default(),
            normals: [Vec::new(), Vec::new()],
        }
    }

    /// Computes the trajectories of a range of trials, with `rows` rows per trial.
    fn run(&mut self, trials: Range<usize>) -> &Trajectories<T> {
        let (model, t) = (self.model, self.observed.time);
        let sizes = model.sizes_for(trials.len() * self.rows, t);
        let width = t * model.sizes.channels;
        let x = &self.observed.values[trials.start * width..trials.end * width];
        self.trajectories.resize(sizes);
        let results = self.trajectories.results();
        if self.samples > 0 {
            let counts = [self.samples, self.rows, t];
            let noise = sample_normals(model.sizes, &self.key, (trials, counts), &mut self.normals);
            let inputs = model.operation_inputs(x, noise, 1.0);
            self.operation
                .infer_copies(sizes, self.rows, inputs, results);
        } else {
            let inputs = model.operation_inputs(x, Noise::default(), 1.0);
            self.operation.infer(sizes, inputs, results);
        }
        self.trajectories.exponentiate_rates(sizes, model.dt);
        &self.trajectories
    }
}

/// Number of trials of a batch, for this number of rows per trial.
pub(super) fn trials_per_batch(rows: usize) -> usize {
    (BATCH / rows).max(1)
}

/// Number of batch rows of each trial: its samples, padded to whole groups.
pub(super) fn rows_per_trial(samples: usize) -> usize {
    match samples {
        0 => 1,
        samples => samples.next_multiple_of(TRIALS),
    }
}

/// Standard normal values for all samples of a range of trials of t time steps, with `rows` rows
/// per trial.
fn sample_normals<'a, T: Lanes>(
    sizes: Sizes,
    key: &Key,
    (trials, [samples, rows, t]): (Range<usize>, [usize; 3]),
    into: &'a mut [Vec<T>; 2],
) -> Noise<'a, T> {
    let widths = [sizes.generator, t * sizes.inferred];
    for (part, (into, width)) in into.iter_mut().zip(widths).enumerate() {
        into.resize(trials.len() * rows * width, T::of(0.0));
        for (k, trial) in trials.clone().enumerate() {
            let key = key.fold_in(trial as u32).split_nth(part, 2);
            key.fill_normal(&mut into[k * rows * width..][..samples * width]);
        }
    }
    let [initial, inferred] = into;
    Noise {
        initial: Some(initial),
        inferred: Some(inferred),
        ..Noise::default()
    }
}

//! Inference of the posterior of observations, and generation of trials from the prior.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Model, ObservedTrials};
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Status};
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Operation, Results};
use crate::ops::simd::TRIALS;
use crate::ops::simd::math::exp_in_place;
use crate::options;
use crate::random::{Key, Seed};

/// The number of values that a thread processes at a time.
const CHUNK: usize = 1 << 12;
/// The number of columns that a thread summarizes at a time.
const COLUMNS: usize = 64;
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

/// Mean, standard deviation and quantiles over samples, for each trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<T> {
    /// [n, width]
    pub mean: Vec<T>,
    /// [n, width]; empty without samples.
    pub std: Vec<T>,
    /// [q, n, width]
    pub quantiles: Vec<T>,
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

/// The latent variables and rates of one pass.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Trajectories<T> {
    pub rates: Vec<T>,
    pub factors: Vec<T>,
    pub generator: Vec<T>,
    pub inferred: Vec<T>,
    pub initial: Vec<T>,
}

impl<T: Lanes> Trajectories<T> {
    fn resize(&mut self, model: &Model<T>, rows: usize, time: usize) {
        let (s, zero) = (model.sizes, T::of(0.0));
        self.rates.resize(rows * time * s.channels, zero);
        self.factors.resize(rows * time * s.factors, zero);
        self.generator.resize(rows * time * s.generator, zero);
        self.inferred.resize(rows * time * s.inferred, zero);
        self.initial.resize(rows * s.generator, zero);
    }

    fn results(&mut self) -> Results<'_, T> {
        Results {
            log_rates: &mut self.rates,
            factors: &mut self.factors,
            generator: &mut self.generator,
            inferred: &mut self.inferred,
            initial: &mut self.initial,
            ..Results::default()
        }
    }

    /// Converts log-rates per step to rates per second.
    fn exponentiate_rates(&mut self, model: &Model<T>) {
        if !model.sizes.gaussian {
            let per_second = T::of(1.0 / model.dt);
            let chunks = self.rates.par_chunks_mut(CHUNK);
            chunks.for_each(|rates| exp_in_place(rates, per_second));
        }
    }
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
        let (s, t, n) = (self.sizes, observed.time, observed.trials);
        let samples = options.samples.max(1);
        let summary = |width: usize| Summary::new(n * width, options);
        let mut posterior = Posterior {
            rates: summary(t * s.channels),
            factors: summary(t * s.factors),
            generator: summary(t * s.generator),
            inferred: summary(t * s.inferred),
            initial: summary(s.generator),
            outcome: Outcome::MaxSteps,
        };
        let key = options.seed.key();
        // Each trial occupies whole groups of rows. The rows beyond its samples are computed but
        // ignored.
        let rows = match options.samples {
            0 => 1,
            samples => samples.next_multiple_of(TRIALS),
        };
        let trials_per_batch = (BATCH / rows).max(1);
        let (mut operation, mut trajectories) = (Operation::default(), Trajectories::default());
        let mut normals = [Vec::new(), Vec::new()];
        let width = t * s.channels;
        for first in (0..n).step_by(trials_per_batch) {
            let trials = first..n.min(first + trials_per_batch);
            let sizes = self.sizes_for(trials.len() * rows, t);
            let x = &observed.values[first * width..trials.end * width];
            trajectories.resize(self, sizes.batch, t);
            if options.samples > 0 {
                let noise =
                    self.sample_normals(&key, trials.clone(), [samples, rows, t], &mut normals);
                let inputs = self.operation_inputs(x, noise, 1.0);
                operation.infer_copies(sizes, rows, inputs, trajectories.results());
            } else {
                let inputs = self.operation_inputs(x, Noise::default(), 1.0);
                operation.infer(sizes, inputs, trajectories.results());
            }
            trajectories.exponentiate_rates(self);
            let parts = [
                (&mut posterior.rates, &trajectories.rates),
                (&mut posterior.factors, &trajectories.factors),
                (&mut posterior.generator, &trajectories.generator),
                (&mut posterior.inferred, &trajectories.inferred),
                (&mut posterior.initial, &trajectories.initial),
            ];
            for (summary, values) in parts {
                summary.add_trials(first, values, [samples, rows], n, options);
            }
            let done = trials.end;
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

    /// Standard normal values for all samples of a range of trials, with `rows` rows per trial.
    fn sample_normals<'a>(
        &self,
        key: &Key,
        trials: std::ops::Range<usize>,
        [samples, rows, t]: [usize; 3],
        into: &'a mut [Vec<T>; 2],
    ) -> Noise<'a, T> {
        let widths = [self.sizes.generator, t * self.sizes.inferred];
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

    /// Trials of `time` time steps, generated from the priors of the initial condition and the
    /// inputs.
    pub fn generate(&self, trials: usize, time: usize, key: &Key) -> Trajectories<T> {
        let s = self.sizes;
        let param_values = |name: &str| -> Vec<f64> {
            let block = self.params.block(name).unwrap_or_default();
            block.iter().map(|x| x.double()).collect()
        };
        let normals = |k: usize, count: usize| {
            let mut values = vec![T::of(0.0); count];
            key.split_nth(k, 2).fill_normal(&mut values);
            values
        };
        let (means, logvars) = (
            param_values("initial_prior_mean"),
            param_values("initial_prior_logvar"),
        );
        let mut initial = normals(0, trials * s.generator);
        for row in initial.chunks_exact_mut(s.generator) {
            for ((x, mean), logvar) in row.iter_mut().zip(&means).zip(&logvars) {
                let std = (logvar.exp() + self.var_min).sqrt();
                *x = T::of(mean + std * x.double());
            }
        }
        let mut inferred = normals(1, trials * time * s.inferred);
        let (means, logtaus) = (
            param_values("inferred_prior_mean"),
            param_values("inferred_prior_logtau"),
        );
        let logvars = param_values("inferred_prior_logvar");
        for j in 0..s.inferred {
            let phi = (-(-logtaus[j]).exp()).exp();
            let std = (0.5 * (logvars[j] + self.var_min)).exp();
            for trial in 0..trials {
                let mut previous = None;
                for t in 0..time {
                    let x = &mut inferred[(trial * time + t) * s.inferred + j];
                    let noise = std * x.double();
                    let next = match previous {
                        None => means[j] + noise / (1.0 - phi * phi).sqrt(),
                        Some(previous) => means[j] + phi * previous + noise,
                    };
                    *x = T::of(next);
                    previous = Some(next);
                }
            }
        }
        let mut trajectories = Trajectories::default();
        trajectories.resize(self, trials, time);
        let results = Results {
            inferred: &mut [],
            initial: &mut [],
            ..trajectories.results()
        };
        let sizes = self.sizes_for(trials, time);
        let latents = [&initial[..], &inferred];
        Operation::default().generate(sizes, &self.params.data, latents, results);
        trajectories.exponentiate_rates(self);
        Trajectories {
            inferred,
            initial,
            ..trajectories
        }
    }
}

impl<T: Lanes> Summary<T> {
    fn new(count: usize, options: &InferenceOptions) -> Summary<T> {
        let zeros = |count: usize| vec![T::of(0.0); count];
        Summary {
            mean: zeros(count),
            std: zeros(if options.samples > 0 { count } else { 0 }),
            quantiles: zeros(count * options.quantiles.len()),
        }
    }

    /// Summarizes the trials from index `first` on, out of n. Each trial has `every` rows, of which
    /// the first `samples` are used.
    fn add_trials(
        &mut self,
        first: usize,
        rows: &[T],
        [samples, every]: [usize; 2],
        n: usize,
        options: &InferenceOptions,
    ) {
        let (count, width) = (self.mean.len(), self.mean.len() / n);
        if width == 0 {
            return;
        }
        let statistics = 2 + options.quantiles.len();
        let mut results = vec![0.0; width * statistics];
        for (k, rows) in rows.chunks_exact(every * width).enumerate() {
            let blocks = results.par_chunks_mut(COLUMNS * statistics).enumerate();
            blocks.for_each_init(Vec::new, |transposed, (at, found)| {
                let columns = Columns {
                    rows: &rows[..samples * width],
                    width,
                    first: at * COLUMNS,
                };
                columns.summarize(&options.quantiles, transposed, found);
            });
            let at = (first + k) * width;
            for (j, found) in results.chunks_exact(statistics).enumerate() {
                self.mean[at + j] = T::of(found[0]);
                if let Some(std) = self.std.get_mut(at + j) {
                    *std = T::of(found[1]);
                }
                for (q, x) in found[2..].iter().enumerate() {
                    self.quantiles[q * count + at + j] = T::of(*x);
                }
            }
        }
    }
}

/// Adjacent columns of a matrix.
struct Columns<'a, T> {
    rows: &'a [T],
    width: usize,
    first: usize,
}

impl<T: Lanes> Columns<'_, T> {
    /// Mean, standard deviation and quantiles of each column, one column after another.
    fn summarize(&self, quantiles: &[f64], transposed: &mut Vec<f64>, found: &mut [f64]) {
        let statistics = 2 + quantiles.len();
        let count = found.len() / statistics;
        let samples = self.rows.len() / self.width;
        let rows = || {
            let rows = self.rows.chunks_exact(self.width);
            rows.map(|row| &row[self.first..self.first + count])
        };
        let (mut mean, mut squares) = ([0.0; COLUMNS], [0.0; COLUMNS]);
        for row in rows() {
            let sums = mean.iter_mut().zip(row);
            sums.for_each(|(sum, x)| *sum += x.double());
        }
        mean.iter_mut().for_each(|sum| *sum /= samples as f64);
        for row in rows() {
            for ((sum, x), mean) in squares.iter_mut().zip(row).zip(&mean) {
                *sum += (x.double() - mean) * (x.double() - mean);
            }
        }
        let degrees_of_freedom = (samples as f64 - 1.0).max(1.0);
        for (j, found) in found.chunks_exact_mut(statistics).enumerate() {
            found[0] = mean[j];
            found[1] = (squares[j] / degrees_of_freedom).sqrt();
        }
        if quantiles.is_empty() {
            return;
        }
        transposed.resize(count * samples, 0.0);
        for (k, row) in rows().enumerate() {
            for (j, x) in row.iter().enumerate() {
                transposed[j * samples + k] = x.double();
            }
        }
        let columns = transposed.chunks_exact_mut(samples);
        for (column, found) in columns.zip(found.chunks_exact_mut(statistics)) {
            for (q, part) in quantiles.iter().enumerate() {
                found[2 + q] = quantile(column, *part);
            }
        }
    }
}

/// The quantile at `part`, with linear interpolation between order statistics. Reorders `values`.
fn quantile(values: &mut [f64], part: f64) -> f64 {
    let rank = part * (values.len() - 1) as f64;
    let below = rank.floor() as usize;
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) => low + (rank - below as f64) * (high - low),
        None => low,
    }
}

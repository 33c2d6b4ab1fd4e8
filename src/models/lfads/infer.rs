//! What a model makes of observations, and what it makes up itself.

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Model, Observed};
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Standing};
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Operation, Results};
use crate::options;
use crate::random::{Key, Layout};

/// Numbers that a thread takes at a time.
const PIECE: usize = 1 << 12;
/// Trials that go through a model together: a few groups for each thread.
const TOGETHER: usize = 256;

options! {
    /// How posteriors are summed up.
    pub struct Inference for "lfads model.infer" {
        /// Samples of the posterior for each trial; with 0 its means go through the model, once.
        samples: usize = 128, in Span::between(0.0, 10_000.0);
        /// Quantiles of the samples to give too, from 0 to 1.
        quantiles: Vec<f64> = Vec::new(), in Span::between(0.0, 1.0);
        /// Seed of the samples.
        seed: usize = 0;
        /// Key of the samples, in place of a seed.
        key: Option<Key> = None;
    }
}

/// Mean, standard deviation and quantiles over samples, of some numbers of each trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<T> {
    /// [n, width]
    pub mean: Vec<T>,
    /// [n, width]; none without samples.
    pub deviation: Vec<T>,
    /// [q, n, width]
    pub quantiles: Vec<T>,
}

/// What trials come from, as far as it was inferred.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior<T> {
    /// Per second [n, t, d]; the means of observations that are no counts.
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

/// What a run gives of some rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Course<T> {
    pub rates: Vec<T>,
    pub factors: Vec<T>,
    pub generator: Vec<T>,
    pub inferred: Vec<T>,
    pub initial: Vec<T>,
}

impl<T: Lanes> Course<T> {
    fn fit(&mut self, model: &Model<T>, rows: usize, time: usize) {
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

    /// Makes rates per second of log-rates per step.
    fn rates_of_logs(&mut self, model: &Model<T>) {
        if !model.sizes.gaussian {
            let per_second = 1.0 / model.dt;
            self.rates.par_chunks_mut(PIECE).for_each(|rates| {
                for rate in rates {
                    *rate = T::of(rate.double().exp() * per_second);
                }
            });
        }
    }
}

impl<T: Lanes> Model<T> {
    /// Averages over samples of the posterior of each trial. The samples of a trial depend on the
    /// key and on the trial's place alone.
    pub fn infer(
        &self,
        observed: &Observed<T>,
        options: &Inference,
        progress: &mut dyn Progress,
    ) -> Posterior<T> {
        let (s, t, n) = (self.sizes, observed.time, observed.trials);
        let samples = options.samples.max(1);
        let summary = |width: usize| Summary::of(n * width, options);
        let mut posterior = Posterior {
            rates: summary(t * s.channels),
            factors: summary(t * s.factors),
            generator: summary(t * s.generator),
            inferred: summary(t * s.inferred),
            initial: summary(s.generator),
            outcome: Outcome::MaxSteps,
        };
        let key = options
            .key
            .unwrap_or_else(|| Key::new(options.seed as u64, Layout::default()));
        let some = (TOGETHER / samples).max(1);
        let (mut operation, mut course) = (Operation::default(), Course::default());
        let (mut x, mut normals) = (Vec::new(), [Vec::new(), Vec::new()]);
        for first in (0..n).step_by(some) {
            let trials = first..n.min(first + some);
            let rows = trials.len() * samples;
            x.clear();
            for trial in trials.clone() {
                let width = t * s.channels;
                let one = &observed.numbers[trial * width..][..width];
                (0..samples).for_each(|_| x.extend_from_slice(one));
            }
            let noise = match options.samples {
                0 => Noise::default(),
                _ => self.samples(&key, trials.clone(), [samples, t], &mut normals),
            };
            course.fit(self, rows, t);
            let given = self.given(&x, noise, 1.0);
            operation.infer(self.sized(rows, t), given, course.results());
            course.rates_of_logs(self);
            let mut parts = [
                (&mut posterior.rates, &course.rates),
                (&mut posterior.factors, &course.factors),
                (&mut posterior.generator, &course.generator),
                (&mut posterior.inferred, &course.inferred),
                (&mut posterior.initial, &course.initial),
            ];
            parts.par_iter_mut().for_each(|(part, from)| {
                part.take(trials.start, from, samples, n, options);
            });
            let done = trials.end;
            progress.report(Report {
                done,
                total: n,
                standing: Standing::Trials,
            });
            if progress.stopped() {
                posterior.outcome = Outcome::Interrupted { at: done };
                break;
            }
        }
        posterior
    }

    /// The normals of all samples of some trials.
    fn samples<'a>(
        &self,
        key: &Key,
        trials: std::ops::Range<usize>,
        [samples, t]: [usize; 2],
        into: &'a mut [Vec<T>; 2],
    ) -> Noise<'a, T> {
        let widths = [
            samples * self.sizes.generator,
            samples * t * self.sizes.inferred,
        ];
        for (part, (into, width)) in into.iter_mut().zip(widths).enumerate() {
            into.resize(trials.len() * width, T::of(0.0));
            for (k, trial) in trials.clone().enumerate() {
                let key = key.fold_in(trial as u32).child(part, 2);
                key.fill_normal(&mut into[k * width..][..width]);
            }
        }
        let [initial, inferred] = into;
        Noise {
            initial: Some(initial),
            inferred: Some(inferred),
            ..Noise::default()
        }
    }

    /// Trials of so many times from the priors of first state and inputs.
    pub fn generate(&self, trials: usize, time: usize, key: &Key) -> Course<T> {
        let s = self.sizes;
        let numbers = |name: &str| -> Vec<f64> {
            let block = self.params.block(name).unwrap_or_default();
            block.iter().map(|x| x.double()).collect()
        };
        let drawn = |k: usize, count: usize| {
            let mut drawn = vec![T::of(0.0); count];
            key.child(k, 2).fill_normal(&mut drawn);
            drawn
        };
        let (means, logvars) = (
            numbers("initial_prior_mean"),
            numbers("initial_prior_logvar"),
        );
        let mut initial = drawn(0, trials * s.generator);
        for row in initial.chunks_exact_mut(s.generator) {
            for ((x, mean), logvar) in row.iter_mut().zip(&means).zip(&logvars) {
                let spread = (logvar.exp() + self.var_min).sqrt();
                *x = T::of(mean + spread * x.double());
            }
        }
        let mut inferred = drawn(1, trials * time * s.inferred);
        let (means, logtaus) = (
            numbers("inferred_prior_mean"),
            numbers("inferred_prior_logtau"),
        );
        let logvars = numbers("inferred_prior_logvar");
        for j in 0..s.inferred {
            let phi = (-(-logtaus[j]).exp()).exp();
            let spread = (0.5 * (logvars[j] + self.var_min)).exp();
            for trial in 0..trials {
                let mut before = None;
                for t in 0..time {
                    let x = &mut inferred[(trial * time + t) * s.inferred + j];
                    let noise = spread * x.double();
                    let next = match before {
                        None => means[j] + noise / (1.0 - phi * phi).sqrt(),
                        Some(before) => means[j] + phi * before + noise,
                    };
                    *x = T::of(next);
                    before = Some(next);
                }
            }
        }
        let mut course = Course::default();
        course.fit(self, trials, time);
        let results = Results {
            inferred: &mut [],
            initial: &mut [],
            ..course.results()
        };
        let sizes = self.sized(trials, time);
        let from = [&initial[..], &inferred];
        Operation::default().generate(sizes, &self.params.data, from, results);
        course.rates_of_logs(self);
        Course {
            inferred,
            initial,
            ..course
        }
    }
}

impl<T: Lanes> Summary<T> {
    fn of(count: usize, options: &Inference) -> Summary<T> {
        let zeros = |count: usize| vec![T::of(0.0); count];
        Summary {
            mean: zeros(count),
            deviation: zeros(if options.samples > 0 { count } else { 0 }),
            quantiles: zeros(count * options.quantiles.len()),
        }
    }

    /// Takes in all samples of the trials from `first` on, of `n`.
    fn take(&mut self, first: usize, rows: &[T], samples: usize, n: usize, options: &Inference) {
        let (count, width) = (self.mean.len(), self.mean.len() / n);
        if width == 0 {
            return;
        }
        let (mut mean, mut squares) = (vec![0.0; width], vec![0.0; width]);
        let mut column = vec![0.0; samples];
        for (k, rows) in rows.chunks_exact(samples * width).enumerate() {
            let at = (first + k) * width;
            mean.fill(0.0);
            squares.fill(0.0);
            for row in rows.chunks_exact(width) {
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(sum, x)| *sum += x.double());
            }
            mean.iter_mut().for_each(|sum| *sum /= samples as f64);
            let into = self.mean[at..at + width].iter_mut();
            into.zip(&mean).for_each(|(x, mean)| *x = T::of(*mean));
            if let Some(into) = self.deviation.get_mut(at..at + width) {
                for row in rows.chunks_exact(width) {
                    for ((sum, x), mean) in squares.iter_mut().zip(row).zip(&mean) {
                        *sum += (x.double() - mean) * (x.double() - mean);
                    }
                }
                let rest = (samples as f64 - 1.0).max(1.0);
                let all = into.iter_mut().zip(&squares);
                all.for_each(|(x, sum)| *x = T::of((sum / rest).sqrt()));
            }
            if options.quantiles.is_empty() {
                continue;
            }
            for j in 0..width {
                let values = rows[j..].iter().step_by(width);
                column
                    .iter_mut()
                    .zip(values)
                    .for_each(|(x, row)| *x = row.double());
                column.sort_unstable_by(f64::total_cmp);
                for (q, part) in options.quantiles.iter().enumerate() {
                    self.quantiles[q * count + at + j] = T::of(quantile(&column, *part));
                }
            }
        }
    }
}

/// Between the neighbours in a sorted list, as far as `part` is of the way.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

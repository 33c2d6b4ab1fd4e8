//! What a model makes of observations, and what it makes up itself.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Model, Observed};
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Standing};
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Operation, Results};
use crate::ops::simd::TRIALS;
use crate::ops::simd::functions::exp_all;
use crate::options;
use crate::random::{Key, Layout};

/// Numbers that a thread takes at a time.
const PIECE: usize = 1 << 12;
/// Columns that a thread sums up at a time.
const COLUMNS: usize = 64;
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
            let per_second = T::of(1.0 / model.dt);
            let pieces = self.rates.par_chunks_mut(PIECE);
            pieces.for_each(|rates| exp_all(rates, per_second));
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
        // Whole groups of rows for each trial; the rows beyond its samples are of no account.
        let rows = match options.samples {
            0 => 1,
            samples => samples.next_multiple_of(TRIALS),
        };
        let some = (TOGETHER / rows).max(1);
        let (mut operation, mut course) = (Operation::default(), Course::default());
        let mut normals = [Vec::new(), Vec::new()];
        let width = t * s.channels;
        for first in (0..n).step_by(some) {
            let trials = first..n.min(first + some);
            let sizes = self.sized(trials.len() * rows, t);
            let x = &observed.numbers[first * width..trials.end * width];
            course.fit(self, sizes.batch, t);
            if options.samples > 0 {
                let noise = self.samples(&key, trials.clone(), [samples, rows, t], &mut normals);
                let given = self.given(x, noise, 1.0);
                operation.infer_copies(sizes, rows, given, course.results());
            } else {
                let given = self.given(x, Noise::default(), 1.0);
                operation.infer(sizes, given, course.results());
            }
            course.rates_of_logs(self);
            let parts = [
                (&mut posterior.rates, &course.rates),
                (&mut posterior.factors, &course.factors),
                (&mut posterior.generator, &course.generator),
                (&mut posterior.inferred, &course.inferred),
                (&mut posterior.initial, &course.initial),
            ];
            for (part, from) in parts {
                part.take(first, from, [samples, rows], n, options);
            }
            let done = trials.end;
            progress.report(Report {
                done,
                total: n,
                standing: Standing::Count { of: "trials" },
            });
            if progress.stopped() {
                posterior.outcome = Outcome::Interrupted { at: done };
                break;
            }
        }
        posterior
    }

    /// The normals of all samples of some trials, in so many rows for each.
    fn samples<'a>(
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
                let key = key.fold_in(trial as u32).child(part, 2);
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

    /// Takes in the first `samples` of the `every` rows of each trial from `first` on, of `n`.
    fn take(
        &mut self,
        first: usize,
        rows: &[T],
        [samples, every]: [usize; 2],
        n: usize,
        options: &Inference,
    ) {
        let (count, width) = (self.mean.len(), self.mean.len() / n);
        if width == 0 {
            return;
        }
        let each = 2 + options.quantiles.len();
        let mut found = vec![0.0; width * each];
        for (k, rows) in rows.chunks_exact(every * width).enumerate() {
            let blocks = found.par_chunks_mut(COLUMNS * each).enumerate();
            blocks.for_each_init(Vec::new, |turned, (at, found)| {
                let columns = Columns {
                    rows: &rows[..samples * width],
                    width,
                    first: at * COLUMNS,
                };
                columns.sum_up(&options.quantiles, turned, found);
            });
            let at = (first + k) * width;
            for (j, found) in found.chunks_exact(each).enumerate() {
                self.mean[at + j] = T::of(found[0]);
                if let Some(deviation) = self.deviation.get_mut(at + j) {
                    *deviation = T::of(found[1]);
                }
                for (q, x) in found[2..].iter().enumerate() {
                    self.quantiles[q * count + at + j] = T::of(*x);
                }
            }
        }
    }
}

/// Some neighbouring columns of rows of numbers.
struct Columns<'a, T> {
    rows: &'a [T],
    width: usize,
    first: usize,
}

impl<T: Lanes> Columns<'_, T> {
    /// Mean, standard deviation and quantiles of each column, one column after another.
    fn sum_up(&self, quantiles: &[f64], turned: &mut Vec<f64>, found: &mut [f64]) {
        let each = 2 + quantiles.len();
        let count = found.len() / each;
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
        let rest = (samples as f64 - 1.0).max(1.0);
        for (j, found) in found.chunks_exact_mut(each).enumerate() {
            found[0] = mean[j];
            found[1] = (squares[j] / rest).sqrt();
        }
        if quantiles.is_empty() {
            return;
        }
        turned.resize(count * samples, 0.0);
        for (k, row) in rows().enumerate() {
            for (j, x) in row.iter().enumerate() {
                turned[j * samples + k] = x.double();
            }
        }
        let columns = turned.chunks_exact_mut(samples);
        for (column, found) in columns.zip(found.chunks_exact_mut(each)) {
            for (q, part) in quantiles.iter().enumerate() {
                found[2 + q] = quantile(column, *part);
            }
        }
    }
}

/// Between the neighbours in the order of size, as far as `part` is of the way. Reorders them.
fn quantile(numbers: &mut [f64], part: f64) -> f64 {
    let place = part * (numbers.len() - 1) as f64;
    let below = place.floor() as usize;
    let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) => low + (place - below as f64) * (high - low),
        None => low,
    }
}

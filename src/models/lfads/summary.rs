//! Statistics over the samples of each trial.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::ops::Lanes;

/// The number of columns that a thread summarizes at a time.
const COLUMNS: usize = 64;

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

impl<T: Lanes> Summary<T> {
    pub(super) fn zeros(count: usize, has_samples: bool, quantiles: usize) -> Summary<T> {
        let zeros = |count: usize| vec![T::of(0.0); count];
        Summary {
            mean: zeros(count),
            std: zeros(if has_samples { count } else { 0 }),
            quantiles: zeros(count * quantiles),
        }
    }

    /// Summarizes the trials from index `first` on, out of n. Each trial has `every` rows, of which
    /// the first `samples` are used.
    pub(super) fn add_trials(
        &mut self,
        first: usize,
        rows: &[T],
        [samples, every, n]: [usize; 3],
        quantiles: &[f64],
    ) {
        let (count, width) = (self.mean.len(), self.mean.len() / n);
        if width == 0 {
            return;
        }
        let statistics = 2 + quantiles.len();
        let mut results = vec![0.0; width * statistics];
        for (k, rows) in rows.chunks_exact(every * width).enumerate() {
            let blocks = results.par_chunks_mut(COLUMNS * statistics).enumerate();
            blocks.for_each_init(Vec::new, |transposed, (at, found)| {
                let columns = Columns {
                    rows: &rows[..samples * width],
                    width,
                    first: at * COLUMNS,
                };
                columns.summarize(quantiles, transposed, found);
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

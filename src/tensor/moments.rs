//! Minimum, mean, maximum and standard deviation of large arrays in one pass over the memory.

use candle_core::{CpuStorage, Storage};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::{DType, Tensor};
use crate::base::Result;

/// Number of elements per block. A block remains in the cache for the second pass over it.
const BLOCK: usize = 1 << 12;

/// Number of partial results of a block.
const LANES: usize = 16;

/// Statistics of the finite elements of an array; NaN if there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    pub count: usize,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    /// The sum of the squared deviations from the mean.
    pub squares: f64,
}

impl Moments {
    /// The statistics of all elements, which do not depend on the number of threads.
    pub fn of(t: &Tensor) -> Result<Moments> {
        let t = match t.dtype() {
            DType::F32 | DType::F64 => dense(t)?,
            _ => dense(t)?.to_dtype(DType::F64)?,
        };
        let (storage, layout) = t.storage_and_layout();
        let start = layout.start_offset();
        let range = start..start + layout.shape().elem_count();
        Ok(match &*storage {
            Storage::Cpu(CpuStorage::F32(x)) => all(&x[range], f64::from),
            Storage::Cpu(CpuStorage::F64(x)) => all(&x[range], |x| x),
            _ => Moments::EMPTY,
        })
    }

    /// The population standard deviation.
    pub fn std(&self) -> f64 {
        (self.squares / self.count as f64).sqrt()
    }

    const EMPTY: Moments = Moments {
        count: 0,
        min: f64::NAN,
        mean: f64::NAN,
        max: f64::NAN,
        squares: 0.0,
    };

    /// The statistics of one block.
    #[inline(always)]
    fn of_block<T: Copy>(block: &[T], to_f64: impl Fn(T) -> f64) -> Moments {
        let mut totals = Totals::EMPTY;
        for_each_lane(block, &to_f64, |lane, x| totals.add(lane, x));
        let mut count = block.len() as f64;
        // The sum of the elements is finite if all of them are.
        let all_finite = totals.sum().is_finite();
        if !all_finite {
            totals = Totals::EMPTY;
            count = 0.0;
            for_each_lane(block, &to_f64, |lane, x| {
                if x.is_finite() {
                    totals.add(lane, x);
                    count += 1.0;
                }
            });
        }
        if count == 0.0 {
            return Moments::EMPTY;
        }
        let mean = totals.sum() / count;
        let mut squares = [0.0; LANES];
        for_each_lane(block, &to_f64, |lane, x| {
            let deviation = x - mean;
            if all_finite || x.is_finite() {
                squares[lane] += deviation * deviation;
            }
        });
        Moments {
            count: count as usize,
            min: totals.low.into_iter().fold(f64::INFINITY, f64::min),
            mean,
            max: totals.high.into_iter().fold(f64::NEG_INFINITY, f64::max),
            squares: squares.iter().sum(),
        }
    }

    /// The statistics of the elements of both.
    fn merge(self, other: Moments) -> Moments {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let count = self.count + other.count;
        let (n, m) = (self.count as f64, other.count as f64);
        let difference = other.mean - self.mean;
        Moments {
            count,
            min: self.min.min(other.min),
            mean: self.mean + difference * (m / count as f64),
            max: self.max.max(other.max),
            squares: self.squares + other.squares + difference * difference * (n * m / (n + m)),
        }
    }
}

/// Sums and extreme values of the lanes of a block.
struct Totals {
    sums: [f64; LANES],
    low: [f64; LANES],
    high: [f64; LANES],
}

impl Totals {
    const EMPTY: Totals = Totals {
        sums: [0.0; LANES],
        low: [f64::INFINITY; LANES],
        high: [f64::NEG_INFINITY; LANES],
    };

    #[inline(always)]
    fn add(&mut self, lane: usize, x: f64) {
        self.sums[lane] += x;
        let (low, high) = (self.low[lane], self.high[lane]);
        self.low[lane] = if x < low { x } else { low };
        self.high[lane] = if x > high { x } else { high };
    }

    fn sum(&self) -> f64 {
        self.sums.iter().sum()
    }
}

/// Calls `visit` with the lane of each element and the element.
#[inline(always)]
fn for_each_lane<T: Copy>(
    block: &[T],
    to_f64: &impl Fn(T) -> f64,
    mut visit: impl FnMut(usize, f64),
) {
    let (chunks, rest) = block.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in chunk.iter().enumerate() {
            visit(lane, to_f64(*x));
        }
    }
    for (lane, x) in rest.iter().enumerate() {
        visit(lane, to_f64(*x));
    }
}

/// The array with the same elements in the order of the memory, if that avoids a copy.
fn dense(t: &Tensor) -> Result<Tensor> {
    let mut axes: Vec<usize> = (0..t.rank()).collect();
    axes.sort_by_key(|axis| std::cmp::Reverse(t.stride()[*axis]));
    let permuted = match axes.is_empty() {
        true => t.detach(),
        false => t.detach().permute(axes)?,
    };
    Ok(permuted.contiguous()?)
}

/// The statistics of all blocks, merged pairwise.
fn all<T: Copy + Sync>(x: &[T], to_f64: impl Fn(T) -> f64 + Sync) -> Moments {
    let blocks = x.par_chunks(BLOCK).map(|block| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || Moments::of_block(block, &to_f64),
        )
    });
    pairwise(&blocks.collect::<Vec<_>>())
}

fn pairwise(parts: &[Moments]) -> Moments {
    match parts {
        [] => Moments::EMPTY,
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            pairwise(left).merge(pairwise(right))
        }
    }
}

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
        let (mut counts, mut sums) = ([0.0; LANES], [0.0; LANES]);
        let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        for_each_lane(block, &to_f64, |lane, x| {
            let finite = x.abs() < f64::INFINITY;
            counts[lane] += if finite { 1.0 } else { 0.0 };
            sums[lane] += if finite { x } else { 0.0 };
            let (small, large) = if finite {
                (x, x)
            } else {
                (low[lane], high[lane])
            };
            low[lane] = if small < low[lane] { small } else { low[lane] };
            high[lane] = if large > high[lane] {
                large
            } else {
                high[lane]
            };
        });
        let count = counts.iter().sum::<f64>();
        if count == 0.0 {
            return Moments::EMPTY;
        }
        let mean = sums.iter().sum::<f64>() / count;
        let mut squares = [0.0; LANES];
        for_each_lane(block, &to_f64, |lane, x| {
            let finite = x.abs() < f64::INFINITY;
            let deviation = if finite { x - mean } else { 0.0 };
            squares[lane] += deviation * deviation;
        });
        Moments {
            count: count as usize,
            min: low.into_iter().fold(f64::INFINITY, f64::min),
            mean,
            max: high.into_iter().fold(f64::NEG_INFINITY, f64::max),
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

/// Calls `visit` with the lane of each element and the element.
#[inline(always)]
fn for_each_lane<T: Copy>(
    block: &[T],
    to_f64: &impl Fn(T) -> f64,
    mut visit: impl FnMut(usize, f64),
) {
    let (chunks, rest) = block.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            visit(lane, to_f64(chunk[lane]));
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

//! Row sums that are accurate for millions of elements: accumulated in double precision, in lanes,
//! and rounded once. candle accumulates f32 sequentially in f32 along leading axes, which loses
//! half of the digits over ten million elements.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, bail};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::custom_op::float_elements;
use super::precision::match_precision;
use super::{Real, Tensor};
use crate::base::Result;

/// Number of parallel partial sums.
const LANES: usize = 16;
/// Number of elements per block; block sums are added pairwise, which bounds the rounding error.
const BLOCK: usize = 1 << 12;
/// Minimum number of elements for multithreading.
const PARALLEL_THRESHOLD: usize = 1 << 16;

/// The sum over the last axis, with its gradient.
///
/// Shapes: [.., n] -> [..], contiguous
pub fn sum_last_axis(t: &Tensor) -> Result<Tensor> {
    divided_sum(t, 1.0)
}

/// The sum over the last axis divided by `divisor`, rounded once, with its gradient.
///
/// Shapes: [.., n] -> [..], contiguous
pub fn divided_sum(t: &Tensor, divisor: f64) -> Result<Tensor> {
    Ok(t.apply_op1(SumLastAxis { divisor })?)
}

struct SumLastAxis {
    divisor: f64,
}

impl SumLastAxis {
    /// The divided sums of `count` rows of `n` elements.
    fn divided_sums<T: Real>(&self, x: &[T], n: usize, count: usize) -> CpuStorage {
        let sums = row_sums(x, n, count).into_iter();
        T::to_cpu_storage_owned(sums.map(|sum| T::of(sum / self.divisor)).collect())
    }
}

impl CustomOp1 for SumLastAxis {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((&n, leading)) = l.dims().split_last() else {
            bail!("sum: expected an axis")
        };
        let count = leading.iter().product();
        let elements = float_elements("sum", s, l)?;
        let means = match_precision!(elements, x => self.divided_sums(x, n, count));
        Ok((means, Shape::from(leading)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        // Divides: multiplication by a rounded 1 / n would give a different result.
        let divisor = Tensor::full(self.divisor, grad.dims(), grad.device())?;
        let grad = (grad / divisor.to_dtype(grad.dtype())?)?.unsqueeze(grad.rank())?;
        Ok(Some(grad.broadcast_as(x.shape())?))
    }
}

/// The sums of `count` rows of `n` elements. A row is divided into blocks of fixed size, so the
/// result does not depend on the number of threads.
fn row_sums<T: Real>(x: &[T], n: usize, count: usize) -> Vec<f64> {
    if n == 0 {
        return vec![0.0; count];
    }
    if x.len() < PARALLEL_THRESHOLD {
        return x.chunks(n).map(|row| row_sum(row)).collect();
    }
    if n >= PARALLEL_THRESHOLD {
        let row = |row: &[T]| {
            let blocks = row.par_chunks(BLOCK).map(|block| lane_sum(block));
            pairwise(&blocks.collect::<Vec<_>>())
        };
        return x.chunks(n).map(row).collect();
    }
    x.par_chunks(n).map(|row| row_sum(row)).collect()
}

fn row_sum<T: Real>(row: &[T]) -> f64 {
    if row.len() <= BLOCK {
        return lane_sum(row);
    }
    let blocks = row.chunks(BLOCK).map(|block| lane_sum(block));
    pairwise(&blocks.collect::<Vec<_>>())
}

#[inline(always)]
fn lane_sum<T: Real>(block: &[T]) -> f64 {
    let mut sums = [0.0; LANES];
    let chunks = block.chunks_exact(LANES);
    let remainder = chunks.remainder();
    for part in chunks {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += x.double();
        }
    }
    for (sum, x) in sums.iter_mut().zip(remainder) {
        *sum += x.double();
    }
    pairwise(&sums)
}

/// The pairwise sum.
fn pairwise(x: &[f64]) -> f64 {
    match x {
        [] => 0.0,
        [x] => *x,
        x => {
            let (left, right) = x.split_at(x.len() / 2);
            pairwise(left) + pairwise(right)
        }
    }
}

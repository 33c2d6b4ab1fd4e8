//! Sums of rows that stay right over millions of numbers: each is kept in double precision, in
//! lanes, and rounded once. candle adds up f32 in f32, one after another along leading axes: over
//! ten million numbers half of the digits are gone.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, bail};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::Tensor;
use crate::base::Result;

/// Partial sums that run side by side.
const LANES: usize = 16;
/// Numbers that are added up before their sum joins the others': bounds what rounding gathers.
const BLOCK: usize = 1 << 12;
/// From this many numbers on, threads pay.
const PARALLEL: usize = 1 << 16;

/// The sum over the last axis, with its gradient.
///
/// Shapes: [.., n] -> [..], contiguous
pub fn rows(t: &Tensor) -> Result<Tensor> {
    part(t, 1.0)
}

/// The sum over the last axis divided by `divisor`, rounded once, with its gradient.
///
/// Shapes: [.., n] -> [..], contiguous
pub fn part(t: &Tensor, divisor: f64) -> Result<Tensor> {
    Ok(t.apply_op1(Rows { divisor })?)
}

struct Rows {
    divisor: f64,
}

impl CustomOp1 for Rows {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((&n, lead)) = l.dims().split_last() else {
            bail!("sum: expected an axis")
        };
        let range = l.start_offset()..l.start_offset() + l.shape().elem_count();
        let count = lead.iter().product();
        let sums = match s {
            CpuStorage::F32(x) => {
                let sums = each(&x[range], n, count, f64::from);
                CpuStorage::F32(
                    sums.into_iter()
                        .map(|x| (x / self.divisor) as f32)
                        .collect(),
                )
            }
            CpuStorage::F64(x) => {
                let sums = each(&x[range], n, count, |x| x);
                CpuStorage::F64(sums.into_iter().map(|x| x / self.divisor).collect())
            }
            _ => bail!("sum: expected f32 or f64"),
        };
        Ok((sums, Shape::from(lead)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        // A quotient: the product with a rounded 1 / n would be another number.
        let divisor = Tensor::full(self.divisor, grad.dims(), grad.device())?;
        let grad = (grad / divisor.to_dtype(grad.dtype())?)?.unsqueeze(grad.rank())?;
        Ok(Some(grad.broadcast_as(x.shape())?))
    }
}

/// The sums of `count` rows of `n` numbers. Blocks, not threads, divide a row: the same bits come
/// out on any number of threads.
fn each<T: Copy + Sync>(x: &[T], n: usize, count: usize, wide: fn(T) -> f64) -> Vec<f64> {
    if n == 0 {
        return vec![0.0; count];
    }
    if x.len() < PARALLEL {
        return x.chunks(n).map(|row| row_sum(row, wide)).collect();
    }
    if n >= PARALLEL {
        let row = |row: &[T]| {
            let blocks = row.par_chunks(BLOCK).map(|block| lanes(block, wide));
            pairwise(&blocks.collect::<Vec<_>>())
        };
        return x.chunks(n).map(row).collect();
    }
    x.par_chunks(n).map(|row| row_sum(row, wide)).collect()
}

fn row_sum<T: Copy>(row: &[T], wide: fn(T) -> f64) -> f64 {
    if row.len() <= BLOCK {
        return lanes(row, wide);
    }
    let blocks = row.chunks(BLOCK).map(|block| lanes(block, wide));
    pairwise(&blocks.collect::<Vec<_>>())
}

#[inline(always)]
fn lanes<T: Copy>(block: &[T], wide: impl Fn(T) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let whole = block.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += wide(*x);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += wide(*x);
    }
    pairwise(&sums)
}

/// The sum, halves added to halves.
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

//! The exponential in double precision, without branches, for elementwise functions in single
//! precision that are computed with vector instructions and rounded once.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::Real;

/// Number of elements per task of a thread.
const CHUNK: usize = 1 << 15;

/// 1.5 * 2^52: a sum with it is rounded to an integer, which the lowest bits then contain.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Number of terms of the series of e^r - 1 for |r| < 0.35. The relative error is below 1e-13.
const TERMS: usize = 11;

/// 1 / k! for k = 1, 2, ...
const INVERSE_FACTORIALS: [f64; TERMS] = {
    let mut all = [1.0; TERMS];
    let mut k = 1;
    while k < TERMS {
        all[k] = all[k - 1] / (k + 1) as f64;
        k += 1;
    }
    all
};

/// 2^k and e^r - 1, where e^x = 2^k e^r and |r| < 0.35; for |x| < 700.
#[inline(always)]
pub(super) fn exponential_parts(x: f64) -> (f64, f64) {
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let scale = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    let r = x - (rounded - ROUNDER) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for term in INVERSE_FACTORIALS.iter().rev() {
        sum = sum * r + term;
    }
    (scale, sum * r)
}

/// The results of `fill` for the elements, which all threads process in chunks.
pub(super) fn map_chunks<T: Real>(x: &[T], fill: fn(&[T], &mut [T])) -> Vec<T> {
    let mut values = vec![T::of(0.0); x.len()];
    if x.len() <= CHUNK {
        fill(x, &mut values);
        return values;
    }
    let chunks = values.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
    chunks.for_each(|(values, x)| fill(x, values));
    values
}

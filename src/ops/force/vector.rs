//! Vectors and rows in memory: their padded lengths, the order in which they are read, and sums in
//! a fixed order.

use pulp::Simd;

use crate::ops::Lanes;

/// Row lengths are padded to a multiple of this: whole SIMD vectors on every processor.
pub const CHUNK: usize = 16;
/// Rows and columns of a tile.
pub const SIDE: usize = 8;

/// One row of a tile.
pub type Row<T> = [T; SIDE];

/// Padded length of a row or vector, in elements.
pub fn padded_len(columns: usize) -> usize {
    columns.next_multiple_of(CHUNK)
}

/// Sum of the lanes of a SIMD vector.
#[inline(always)]
pub fn sum_lanes<S: Simd, T: Lanes>(sum: T::Vector<S>) -> T {
    let mut lanes = [T::of(0.0); CHUNK];
    T::vectors_mut::<S>(&mut lanes)[0] = sum;
    let mut all = T::of(0.0);
    for x in lanes {
        all += x;
    }
    all
}

/// Position of element `at` in the fastest order for reading `count` neighbours: four interleaved
/// streams, each of which the processor prefetches.
#[inline(always)]
pub fn interleave(at: usize, count: usize) -> usize {
    let quarter = count / 4;
    match at < 4 * quarter {
        true => at % 4 * quarter + at / 4,
        false => at,
    }
}

/// Dot product of two padded vectors, summed in a fixed order.
#[inline(always)]
pub fn dot<S: Simd, T: Lanes>(_: S, a: &[T], b: &[T]) -> T {
    let (a, b) = (a.as_chunks::<SIDE>().0, b.as_chunks::<SIDE>().0);
    let mut sums = [T::of(0.0); SIDE];
    for (a, b) in a.iter().zip(b) {
        for k in 0..SIDE {
            sums[k] = fma::<S, T>(a[k], b[k], sums[k]);
        }
    }
    pairwise_sum(&sums)
}

/// Pairwise sum of a row.
#[inline(always)]
pub fn pairwise_sum<T: Lanes>(row: &Row<T>) -> T {
    let pair = |a: usize| row[a] + row[a + 4];
    (pair(0) + pair(2)) + (pair(1) + pair(3))
}

/// a b + c, with one rounding, or with two where the processor has no fused multiply-add.
#[inline(always)]
pub fn fma<S: Simd, T: Lanes>(a: T, b: T, c: T) -> T {
    if S::IS_SCALAR { a * b + c } else { a.fma(b, c) }
}

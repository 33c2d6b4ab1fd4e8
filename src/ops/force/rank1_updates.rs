//! A batch of rank-1 updates of a symmetric matrix, `- sum over j of s_j v_j v_j'`, and its product
//! with a vector.

use pulp::{Arch, Simd, WithSimd};

use super::vector::{CHUNK, Row, SIDE, interleave, padded_len, sum_lanes};
use crate::ops::Lanes;

/// Maximum number of updates in a batch.
pub const CAPACITY: usize = 16;
/// Vectors that a product handles together: the number of sums that fits into registers.
const GROUP: usize = 8;
const BLOCK: usize = GROUP * CHUNK;

/// A batch of at most [`CAPACITY`] updates.
#[derive(Debug, Clone, PartialEq)]
pub struct Rank1Updates<T> {
    count: usize,
    /// The vectors, interleaved in groups of eight, sixteen elements of each at a time:
    /// `[CAPACITY / 8, padded_len(n) / 16, 8, 16]`. Unused vectors are zero.
    vectors: Vec<T>,
    scales: [T; CAPACITY],
}

impl<T: Lanes> Rank1Updates<T> {
    /// An empty batch for vectors of n elements, with all memory allocated.
    pub fn new(n: usize) -> Rank1Updates<T> {
        Rank1Updates {
            count: 0,
            vectors: vec![T::of(0.0); CAPACITY * padded_len(n)],
            scales: [T::of(0.0); CAPACITY],
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn is_full(&self) -> bool {
        self.count == CAPACITY
    }

    /// Scales s_j; zero for unused vectors.
    pub fn scales(&self) -> &[T; CAPACITY] {
        &self.scales
    }

    pub fn clear(&mut self) {
        self.count = 0;
        self.vectors.fill(T::of(0.0));
        self.scales.fill(T::of(0.0));
    }

    /// Adds an update with the vector `factor` v.
    ///
    /// Shapes: v [padded_len(n)]
    pub fn push(&mut self, v: &[T], factor: T, scale: T) {
        let (group, row) = (self.count / GROUP, self.count % GROUP);
        let blocks = v.len() / CHUNK;
        let (all, _) = self.vectors.as_chunks_mut::<BLOCK>();
        let (v, _) = v.as_chunks::<CHUNK>();
        for (block, v) in all[group * blocks..][..blocks].iter_mut().zip(v) {
            let line = &mut block[row * CHUNK..][..CHUNK];
            line.iter_mut().zip(v).for_each(|(to, v)| *to = factor * *v);
        }
        self.scales[self.count] = scale;
        self.count += 1;
    }

    /// The elements of vector j, padded_len(n) of them.
    pub fn vector(&self, j: usize) -> impl Iterator<Item = T> {
        let (blocks, _) = self.vectors.as_chunks::<BLOCK>();
        let group = blocks.len() / (CAPACITY / GROUP);
        let lines = blocks[j / GROUP * group..][..group].iter();
        lines.flat_map(move |block| block[j % GROUP * CHUNK..][..CHUNK].iter().copied())
    }

    /// Elements `8 at .. 8 at + 8` of each vector.
    #[inline(always)]
    pub fn chunks_at(&self, at: usize) -> [&Row<T>; CAPACITY] {
        let (blocks, _) = self.vectors.as_chunks::<BLOCK>();
        let group = blocks.len() / (CAPACITY / GROUP);
        let index = at / (CHUNK / SIDE);
        let part = at % (CHUNK / SIDE) * SIDE;
        std::array::from_fn(|j| {
            let (lines, _) = blocks[j / GROUP * group + index].as_chunks::<CHUNK>();
            lines[j % GROUP][part..]
                .first_chunk()
                .expect("half a chunk")
        })
    }

    /// Adds the product of this batch with h to q. Returns s_j v_j . h of each update.
    ///
    /// Shapes: h and q [padded_len(n)]
    pub fn add_product(&self, h: &[T], q: &mut [T]) -> [T; CAPACITY] {
        if self.count == 0 {
            return [T::of(0.0); CAPACITY];
        }
        let updates = self;
        Arch::new().dispatch(Products { updates, h, q })
    }
}

struct Products<'a, T> {
    updates: &'a Rank1Updates<T>,
    h: &'a [T],
    q: &'a mut [T],
}

impl<T: Lanes> WithSimd for Products<'_, T> {
    type Output = [T; CAPACITY];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [T; CAPACITY] {
        let Products { updates, h, q } = self;
        let (h, q) = (h.as_chunks::<CHUNK>().0, q.as_chunks_mut::<CHUNK>().0);
        let mut projections = [T::of(0.0); CAPACITY];
        let groups = updates.count.div_ceil(GROUP);
        let blocks = updates.vectors.as_chunks::<BLOCK>().0.chunks_exact(h.len());
        let each = projections.as_chunks_mut::<GROUP>().0.iter_mut();
        let each = each.zip(updates.scales.as_chunks::<GROUP>().0);
        for (blocks, (projections, scales)) in blocks.zip(each).take(groups) {
            let mut sums = [T::splat(simd, T::of(0.0)); GROUP];
            for k in 0..blocks.len() {
                let k = interleave(k, blocks.len());
                let (lines, _) = blocks[k].as_chunks::<CHUNK>();
                let h = T::vectors::<S>(&h[k]);
                for (sum, line) in sums.iter_mut().zip(lines) {
                    for (v, h) in T::vectors::<S>(line).iter().zip(h) {
                        *sum = T::mul_add(simd, *v, *h, *sum);
                    }
                }
            }
            let mut negated = sums;
            for j in 0..GROUP {
                projections[j] = scales[j] * sum_lanes::<S, T>(sums[j]);
                negated[j] = T::splat(simd, -projections[j]);
            }
            for k in 0..blocks.len() {
                let k = interleave(k, blocks.len());
                let (lines, _) = blocks[k].as_chunks::<CHUNK>();
                for (part, q) in T::vectors_mut::<S>(&mut q[k]).iter_mut().enumerate() {
                    let mut sum = *q;
                    for (negated, line) in negated.iter().zip(lines) {
                        sum = T::mul_add(simd, *negated, T::vectors::<S>(line)[part], sum);
                    }
                    *q = sum;
                }
            }
        }
        projections
    }
}

//! Changes of rank 1 that a symmetric matrix is still to be given, `- sum over j of s_j v_j v_j'`,
//! and products with them.

use pulp::{Arch, Simd, WithSimd};

use super::half::{Row, SIDE, abreast};
use super::rows::{LINE, lanes_sum, padded};
use crate::ops::Lanes;

/// Changes that wait for each other.
pub const WAITING: usize = 16;
/// Vectors that are multiplied side by side: as many sums as registers hold.
const GROUP: usize = 8;
const BLOCK: usize = GROUP * LINE;

/// Some changes; at most [`WAITING`].
#[derive(Debug, Clone, PartialEq)]
pub struct Changes<T> {
    count: usize,
    /// Eight vectors side by side, sixteen numbers of each after the other:
    /// `[WAITING / 8, padded(n) / 16, 8, 16]`. Those that are not there are zero.
    vectors: Vec<T>,
    scales: [T; WAITING],
}

impl<T: Lanes> Changes<T> {
    /// None, with room for all that may come.
    pub fn new(n: usize) -> Changes<T> {
        Changes {
            count: 0,
            vectors: vec![T::of(0.0); WAITING * padded(n)],
            scales: [T::of(0.0); WAITING],
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn is_full(&self) -> bool {
        self.count == WAITING
    }

    /// The scale of each, zero for those that are not there.
    pub fn scales(&self) -> &[T; WAITING] {
        &self.scales
    }

    pub fn clear(&mut self) {
        self.count = 0;
        self.vectors.fill(T::of(0.0));
        self.scales.fill(T::of(0.0));
    }

    /// One more, with the vector `factor` times v [padded(n)].
    pub fn push(&mut self, v: &[T], factor: T, scale: T) {
        let (group, row) = (self.count / GROUP, self.count % GROUP);
        let blocks = v.len() / LINE;
        let (all, _) = self.vectors.as_chunks_mut::<BLOCK>();
        let (v, _) = v.as_chunks::<LINE>();
        for (block, v) in all[group * blocks..][..blocks].iter_mut().zip(v) {
            let line = &mut block[row * LINE..][..LINE];
            line.iter_mut().zip(v).for_each(|(to, v)| *to = factor * *v);
        }
        self.scales[self.count] = scale;
        self.count += 1;
    }

    /// The numbers of one vector, padded(n) of them.
    pub fn vector(&self, j: usize) -> impl Iterator<Item = T> {
        let (blocks, _) = self.vectors.as_chunks::<BLOCK>();
        let group = blocks.len() / (WAITING / GROUP);
        let lines = blocks[j / GROUP * group..][..group].iter();
        lines.flat_map(move |block| block[j % GROUP * LINE..][..LINE].iter().copied())
    }

    /// Eight numbers of each vector, from `8 at` on.
    #[inline(always)]
    pub fn lines(&self, at: usize) -> [&Row<T>; WAITING] {
        let (blocks, _) = self.vectors.as_chunks::<BLOCK>();
        let group = blocks.len() / (WAITING / GROUP);
        let place = at / (LINE / SIDE);
        let part = at % (LINE / SIDE) * SIDE;
        std::array::from_fn(|j| {
            let (lines, _) = blocks[j / GROUP * group + place].as_chunks::<LINE>();
            lines[j % GROUP][part..].first_chunk().expect("half a line")
        })
    }

    /// Adds to q what these changes give of a product with h. Gives s_j v_j . h of each.
    ///
    /// Shapes: h and q [padded(n)]
    pub fn add_product(&self, h: &[T], q: &mut [T]) -> [T; WAITING] {
        if self.count == 0 {
            return [T::of(0.0); WAITING];
        }
        let changes = self;
        Arch::new().dispatch(Products { changes, h, q })
    }
}

struct Products<'a, T> {
    changes: &'a Changes<T>,
    h: &'a [T],
    q: &'a mut [T],
}

impl<T: Lanes> WithSimd for Products<'_, T> {
    type Output = [T; WAITING];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [T; WAITING] {
        let Products { changes, h, q } = self;
        let (h, q) = (h.as_chunks::<LINE>().0, q.as_chunks_mut::<LINE>().0);
        let mut along = [T::of(0.0); WAITING];
        let groups = changes.count.div_ceil(GROUP);
        let blocks = changes.vectors.as_chunks::<BLOCK>().0.chunks_exact(h.len());
        let each = along.as_chunks_mut::<GROUP>().0.iter_mut();
        let each = each.zip(changes.scales.as_chunks::<GROUP>().0);
        for (blocks, (along, scales)) in blocks.zip(each).take(groups) {
            let mut sums = [T::splat(simd, T::of(0.0)); GROUP];
            for k in 0..blocks.len() {
                let k = abreast(k, blocks.len());
                let (lines, _) = blocks[k].as_chunks::<LINE>();
                let h = T::vectors::<S>(&h[k]);
                for (sum, line) in sums.iter_mut().zip(lines) {
                    for (v, h) in T::vectors::<S>(line).iter().zip(h) {
                        *sum = T::mul_add(simd, *v, *h, *sum);
                    }
                }
            }
            let mut back = sums;
            for j in 0..GROUP {
                along[j] = scales[j] * lanes_sum::<S, T>(sums[j]);
                back[j] = T::splat(simd, -along[j]);
            }
            for k in 0..blocks.len() {
                let k = abreast(k, blocks.len());
                let (lines, _) = blocks[k].as_chunks::<LINE>();
                for (part, q) in T::vectors_mut::<S>(&mut q[k]).iter_mut().enumerate() {
                    let mut sum = *q;
                    for (back, line) in back.iter().zip(lines) {
                        sum = T::mul_add(simd, *back, T::vectors::<S>(line)[part], sum);
                    }
                    *q = sum;
                }
            }
        }
        along
    }
}

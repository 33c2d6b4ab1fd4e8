//! P, the inverse of the correlations that recursive least squares has seen.
//!
//! ```text
//! q = P h     s = 1 / (l + h . q)     P <- (P - s q q') / l
//! ```
//!
//! Of P one half is kept (see [`super::half`]), so that it cannot lose its symmetry, and a change
//! waits until there are some: the matrix is then written once for all of them. Until then a
//! product subtracts what is pending from that with the matrix as it stands.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::half::{self, Pending};
use super::rows::padded;
use crate::ops::Lanes;

/// Changes that wait for each other.
const WAITING: usize = 16;
/// Strips of the matrix: so many that they can be shared evenly by as many threads.
const STRIPS: usize = 16;
/// Units below which there are half as many for every halving: a strip is worth its vector.
const WIDE: usize = 1024;

/// P of n units.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse<T> {
    n: usize,
    half: Vec<T>,
    waiting: Waiting<T>,
}

/// Changes of P that are still to be made: P is `factor` times (what is kept - the sum of
/// scale v v').
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting<T> {
    factor: T,
    /// [pending, padded(n)]
    vectors: Vec<T>,
    scales: Vec<T>,
}

/// Some rows of tiles of the half.
pub struct Strip<'a, T> {
    rows: Range<usize>,
    half: &'a mut [T],
}

impl<T: Lanes> Inverse<T> {
    /// alpha times 1.
    pub fn new(n: usize, alpha: T) -> Inverse<T> {
        Inverse::of(n, half::diagonal(n, alpha))
    }

    /// The symmetric matrix [n, n] of which the lower triangle is given, row-major.
    pub fn of_whole(whole: &[T], n: usize) -> Inverse<T> {
        Inverse::of(n, half::of_whole(whole, n))
    }

    fn of(n: usize, half: Vec<T>) -> Inverse<T> {
        let waiting = Waiting {
            factor: T::of(1.0),
            vectors: Vec::with_capacity(WAITING * padded(n)),
            scales: Vec::with_capacity(WAITING),
        };
        Inverse { n, half, waiting }
    }

    /// The whole matrix [n, n], row-major.
    pub fn whole(&self) -> Vec<T> {
        let mut settled = self.clone();
        let waiting = self.waiting.clone();
        for mut strip in settled.strips() {
            strip.settle(&waiting, padded(self.n));
        }
        half::whole(&settled.half, self.n)
    }

    /// Bytes of the half that is kept.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.half)
    }

    /// A copy of what is pending, for a thread of its own.
    pub fn waiting(&self) -> Waiting<T> {
        self.waiting.clone()
    }

    /// Keeps what is pending at the end of a run; all threads have the same.
    pub fn keep(&mut self, waiting: Waiting<T>) {
        self.waiting = waiting;
    }

    /// The half in strips of about as many tiles each; their number is that of the problem, not of
    /// threads.
    pub fn strips(&mut self) -> Vec<Strip<'_, T>> {
        let rows = half::rows(self.n);
        let count = strips(self.n);
        // Up to row r there are about r^2 / 2 tiles.
        let edge = |k: usize| (rows as f64 * (k as f64 / count as f64).sqrt()).round() as usize;
        let mut rest = self.half.as_mut_slice();
        let mut all = Vec::with_capacity(count);
        for k in 0..count {
            let rows = edge(k)..edge(k + 1);
            let (half, after) = rest.split_at_mut(half::start(rows.end) - half::start(rows.start));
            rest = after;
            all.push(Strip { rows, half });
        }
        all
    }
}

/// How many strips there are for n units.
pub fn strips(n: usize) -> usize {
    let wanted = STRIPS * n / WIDE;
    (wanted.max(1).next_power_of_two())
        .min(STRIPS)
        .min(half::rows(n).max(1))
}

impl<T: Lanes> Strip<'_, T> {
    /// Fills `into` with what this strip gives of P h, before what is pending.
    pub fn product(&self, h: &[T], into: &mut [T]) {
        into.fill(T::of(0.0));
        let rows = self.rows.clone();
        let half = &*self.half;
        Arch::new().dispatch(Product {
            half,
            rows,
            h,
            into,
        });
    }

    /// Makes the changes that are pending, if there are any.
    pub fn settle(&mut self, waiting: &Waiting<T>, width: usize) {
        if waiting.scales.is_empty() {
            return;
        }
        let rows = self.rows.clone();
        let pending = Pending {
            vectors: &waiting.vectors,
            scales: &waiting.scales,
        };
        let half = &mut *self.half;
        Arch::new().dispatch(Settle {
            half,
            rows,
            pending,
            width,
        });
        if waiting.factor != T::of(1.0) {
            self.half.iter_mut().for_each(|x| *x *= waiting.factor);
        }
    }
}

impl<T: Lanes> Waiting<T> {
    /// P h from what the strips give of it; and h . P h.
    pub fn finish(&self, h: &[T], q: &mut [T]) -> T {
        Arch::new().dispatch(Finish {
            waiting: self,
            h,
            q,
        })
    }

    /// Takes in that P h was q, with h . q given: P <- (P - q q' / (l + h . q)) / l. Gives s, the
    /// scale of the change.
    pub fn update(&mut self, q: &[T], along: T, forgetting: T) -> T {
        let s = T::of(1.0) / (forgetting + along);
        // In what is kept, q is smaller by the factor: s q q' = factor (s factor) (q / factor)^2.
        let back = T::of(1.0) / self.factor;
        self.vectors.extend(q.iter().map(|q| *q * back));
        self.scales.push(s * self.factor);
        self.factor *= T::of(1.0) / forgetting;
        s
    }

    /// Whether it is time to make the changes.
    pub fn is_full(&self) -> bool {
        self.scales.len() == WAITING
    }

    /// Forgets the changes, which were made.
    pub fn clear(&mut self) {
        self.factor = T::of(1.0);
        self.vectors.clear();
        self.scales.clear();
    }
}

struct Product<'a, T> {
    half: &'a [T],
    rows: Range<usize>,
    h: &'a [T],
    into: &'a mut [T],
}

impl<T: Lanes> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        half::product(simd, self.half, self.rows, self.h, self.into);
    }
}

struct Settle<'a, T> {
    half: &'a mut [T],
    rows: Range<usize>,
    pending: Pending<'a, T>,
    width: usize,
}

impl<T: Lanes> WithSimd for Settle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        half::settle(simd, self.half, self.rows, self.pending, self.width);
    }
}

struct Finish<'a, T> {
    waiting: &'a Waiting<T>,
    h: &'a [T],
    q: &'a mut [T],
}

impl<T: Lanes> WithSimd for Finish<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> T {
        let Waiting {
            factor,
            vectors,
            scales,
        } = self.waiting;
        for (v, scale) in vectors.chunks_exact(self.h.len()).zip(scales) {
            let along = -(*scale * half::dot(simd, v, self.h));
            for (q, v) in self.q.iter_mut().zip(v) {
                *q = half::fused::<S, T>(along, *v, *q);
            }
        }
        if *factor != T::of(1.0) {
            self.q.iter_mut().for_each(|q| *q *= *factor);
        }
        half::dot(simd, self.h, self.q)
    }
}

//! P, the inverse of the correlations that recursive least squares has seen.
//!
//! ```text
//! q = P h     s = 1 / (l + h . q)     P <- (P - s q q') / l
//! ```
//!
//! Of P one half is kept (see [`super::half`]), so that it cannot lose its symmetry, and a change of
//! it waits until there are some: the matrix is then written once for all of them. Until then a
//! product subtracts what is pending from that with the matrix as it stands.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::half::{self, Pending, SIDE};
use super::rows::padded;
use crate::ops::Lanes;

/// Changes that wait for each other.
const WAITING: usize = 16;
/// Units for which a strip of the matrix is worth a thread of its own.
const STRIP: usize = 256;
/// Strips at most.
const STRIPS: usize = 16;
/// Units below which one thread does everything: it is done before another one has begun.
pub const SHARED: usize = 700;

/// P of n units.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse<T> {
    n: usize,
    /// P is this times what stands below.
    factor: T,
    half: Vec<T>,
    /// [pending, padded(n)]
    vectors: Vec<T>,
    scales: Vec<T>,
}

/// What a product needs besides P.
#[derive(Debug, Clone, Default)]
pub struct Room<T> {
    /// Rows of tiles, and what they and their mirrors give.
    strips: Vec<(Range<usize>, Vec<T>)>,
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
        Inverse {
            n,
            factor: T::of(1.0),
            half,
            vectors: Vec::with_capacity(WAITING * padded(n)),
            scales: Vec::with_capacity(WAITING),
        }
    }

    /// The whole matrix [n, n], row-major.
    pub fn whole(&self) -> Vec<T> {
        let mut settled = self.clone();
        settled.settle(&mut Room::new(self.n));
        half::whole(&settled.half, self.n)
    }

    /// Bytes of the half that is kept.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.half)
    }

    /// Fills `q` with P h and gives h . q; both padded to whole lines, the padding of h zeros.
    pub fn product(&self, h: &[T], q: &mut [T], room: &mut Room<T>) -> T {
        let half = &self.half;
        room.each(self.n, |rows, into| {
            into.fill(T::of(0.0));
            let rows = rows.clone();
            Arch::new().dispatch(Product {
                half,
                rows,
                h,
                into,
            });
        });
        q.fill(T::of(0.0));
        for (_, part) in &room.strips {
            add(q, part);
        }
        for (v, scale) in self.vectors.chunks_exact(h.len()).zip(&self.scales) {
            let along = -(*scale * dot(v, h));
            add_scaled(q, along, v);
        }
        if self.factor != T::of(1.0) {
            q.iter_mut().for_each(|q| *q *= self.factor);
        }
        dot(h, q)
    }

    /// Takes in that P h was q, with h . q given: P <- (P - q q' / (l + h . q)) / l. Gives s, the
    /// scale of the change.
    pub fn update(&mut self, q: &[T], along: T, forgetting: T, room: &mut Room<T>) -> T {
        let s = T::of(1.0) / (forgetting + along);
        // In what is kept, q is smaller by the factor: s q q' = factor (s factor) (q / factor)^2.
        let back = T::of(1.0) / self.factor;
        self.vectors.extend(q.iter().map(|q| *q * back));
        self.scales.push(s * self.factor);
        self.factor *= T::of(1.0) / forgetting;
        if self.scales.len() == WAITING {
            self.settle(room);
        }
        s
    }

    /// Makes the changes that are pending.
    fn settle(&mut self, room: &mut Room<T>) {
        let width = padded(self.n);
        let (vectors, scales) = (&self.vectors, &self.scales);
        let factor = self.factor;
        let mut rest = self.half.as_mut_slice();
        let mut parts = Vec::with_capacity(room.strips.len());
        for (rows, _) in &room.strips {
            let count = half::start(rows.end) - half::start(rows.start);
            let (part, after) = rest.split_at_mut(count);
            rest = after;
            parts.push((rows.clone(), part));
        }
        let one = |(rows, part): &mut (Range<usize>, &mut [T])| {
            let rows = rows.clone();
            let pending = Pending { vectors, scales };
            Arch::new().dispatch(Settle {
                half: part,
                rows,
                pending,
                width,
            });
            if factor != T::of(1.0) {
                part.iter_mut().for_each(|x| *x *= factor);
            }
        };
        match self.n < SHARED {
            true => parts.iter_mut().for_each(one),
            false => parts.par_iter_mut().for_each(one),
        }
        self.factor = T::of(1.0);
        self.vectors.clear();
        self.scales.clear();
    }
}

impl<T: Lanes> Room<T> {
    /// Strips of about as many tiles each; their number is that of the problem, not of threads.
    pub fn new(n: usize) -> Room<T> {
        let rows = half::rows(n);
        let count = (n / STRIP).clamp(1, STRIPS).min(rows.max(1));
        // Up to row r there are about r^2 / 2 tiles.
        let edge = |k: usize| (rows as f64 * (k as f64 / count as f64).sqrt()).round() as usize;
        let strip = |k| (edge(k)..edge(k + 1), vec![T::of(0.0); padded(n)]);
        Room {
            strips: (0..count).map(strip).collect(),
        }
    }

    fn each(&mut self, n: usize, one: impl Fn(&Range<usize>, &mut Vec<T>) + Sync + Send) {
        match n < SHARED {
            true => self
                .strips
                .iter_mut()
                .for_each(|(rows, into)| one(rows, into)),
            false => {
                let strips = self.strips.par_iter_mut().with_max_len(1);
                strips.for_each(|(rows, into)| one(rows, into));
            }
        }
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

/// The product of two vectors of whole lines, summed in a fixed order.
pub fn dot<T: Lanes>(a: &[T], b: &[T]) -> T {
    let (a, b) = (a.as_chunks::<SIDE>().0, b.as_chunks::<SIDE>().0);
    let mut sums = [T::of(0.0); SIDE];
    for (a, b) in a.iter().zip(b) {
        for k in 0..SIDE {
            sums[k] += a[k] * b[k];
        }
    }
    half::total(&sums)
}

fn add<T: Lanes>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}

fn add_scaled<T: Lanes>(to: &mut [T], scale: T, from: &[T]) {
    let pairs = to.iter_mut().zip(from);
    pairs.for_each(|(to, from)| *to += scale * *from);
}

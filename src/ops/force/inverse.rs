//! P, the inverse of the correlations that recursive least squares has seen.
//!
//! ```text
//! q = P h     s = 1 / (l + h . q)     P <- (P - s q q') / l
//! ```
//!
//! Of P one half is kept (see [`super::half`]), so that it cannot lose its symmetry, and a change
//! waits until there are some: the matrix is then written once for all of them. Until then a
//! product subtracts what is pending from that with the matrix as it stands.
//!
//! At the start P is alpha times 1, and the first changes are put aside rather than made: as long
//! as they are few, their vectors are fewer bytes than the half. Rounding is held by what is
//! kept: P - s q q' is positive with P, and its two halves are one.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use super::changes::{Changes, WAITING};
use super::half;
use super::pending::{Fate, Waiting};
use super::rows::padded;
use crate::ops::Lanes;

/// Strips of the matrix: so many that they can be shared evenly by as many threads.
const STRIPS: usize = 16;
/// Units below which there are half as many for every halving: a strip is worth its vector.
const WIDE: usize = 2048;
/// A change that was put aside is read twice, once from far away, and the half as it stands is not
/// only read but now and then written: at so many changes per unit both take as long.
const ASIDE: f64 = 0.75;

/// P of n units.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse<T> {
    n: usize,
    /// P was this times 1.
    alpha: T,
    /// Nothing while all changes are put aside.
    half: Option<Vec<T>>,
    /// By strips: batch b of changes belongs to strip b modulo their number.
    aside: Vec<Vec<Changes<T>>>,
    waiting: Waiting<T>,
}

/// What P is made of: `factor (base - sum over k of scales[k] v_k v_k')`. Made again from it, P has
/// the same bits, and so has all that it learns then.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts<T> {
    pub units: usize,
    /// P was this times 1; and it is the base, if there is no other.
    pub alpha: T,
    /// [n, n], symmetric
    pub base: Option<Vec<T>>,
    pub factor: T,
    /// [k]
    pub scales: Vec<T>,
    /// v [k, n]
    pub vectors: Vec<T>,
    /// Time steps of training since the last update of P.
    pub steps_since_update: usize,
}

/// Some rows of tiles of the half, or some of the batches that were put aside.
pub struct Strip<'a, T> {
    place: usize,
    of: usize,
    rows: Range<usize>,
    alpha: T,
    half: Option<&'a mut [T]>,
    aside: &'a mut Vec<Changes<T>>,
}

impl<T: Lanes> Inverse<T> {
    /// alpha times 1.
    pub fn new(n: usize, alpha: T) -> Inverse<T> {
        let most = (ASIDE * n as f64) as usize / WAITING;
        Inverse {
            n,
            alpha,
            half: None,
            aside: vec![Vec::new(); strips(n)],
            waiting: Waiting::new(n, most),
        }
    }

    /// What this is made of.
    pub fn parts(&self) -> Parts<T> {
        let mut parts = Parts {
            units: self.n,
            alpha: self.alpha,
            base: self.half.as_ref().map(|half| half::whole(half, self.n)),
            factor: self.waiting.factor,
            scales: Vec::new(),
            vectors: Vec::new(),
            steps_since_update: self.waiting.steps_since_update,
        };
        let strips = self.aside.len();
        let aside = (0..self.waiting.aside).map(|b| &self.aside[b % strips][b / strips]);
        for changes in aside.chain([&self.waiting.changes]) {
            for j in 0..changes.count() {
                parts.vectors.extend(changes.vector(j).take(self.n));
                parts.scales.push(changes.scales()[j]);
            }
        }
        parts
    }

    /// Restores P from its parts.
    ///
    /// Vectors beyond those that P keeps apart are added to the matrix. Files with 16 of them too
    /// many exist: they were written between the update that filled the buffer and the flush.
    pub fn of_parts(parts: &Parts<T>) -> Inverse<T> {
        let (n, count) = (parts.units, parts.scales.len());
        let mut inverse = Inverse::new(n, parts.alpha);
        inverse.half = parts.base.as_ref().map(|base| half::of_whole(base, n));
        inverse.waiting.steps_since_update = parts.steps_since_update;
        let mut v = vec![T::of(0.0); padded(n)];
        let vectors = parts.vectors.chunks_exact(n).zip(&parts.scales);
        for (k, (vector, scale)) in vectors.enumerate() {
            v[..n].copy_from_slice(vector);
            inverse.waiting.changes.push(&v, T::of(1.0), *scale);
            if k + 1 == count {
                inverse.waiting.factor = parts.factor;
            }
            inverse.flush();
        }
        if count == 0 {
            inverse.waiting.factor = parts.factor;
        }
        inverse
    }

    /// Empties the buffer of updates if it is full.
    fn flush(&mut self) {
        match self.waiting.fate(self.has_half()) {
            None => {}
            Some(Fate::PutAside) => {
                let strips = self.aside.len();
                let changes = self.waiting.changes.clone();
                self.aside[self.waiting.aside % strips].push(changes);
                self.waiting.clear(Fate::PutAside);
            }
            Some(Fate::Made | Fate::WantHalf) => self.settle(),
        }
    }

    /// Number of updates in the buffer.
    pub fn pending(&self) -> usize {
        self.waiting.changes.count()
    }

    /// Updates in the buffer; wR, if it is trained, shares their vectors.
    pub fn pending_changes(&self) -> &Changes<T> {
        &self.waiting.changes
    }

    /// The whole matrix [n, n], row-major.
    pub fn whole(&self) -> Vec<T> {
        let mut settled = self.clone();
        settled.settle();
        half::whole(&settled.half.expect("just made"), self.n)
    }

    /// Makes all changes, in a half.
    pub fn settle(&mut self) {
        let mut aside = Vec::new();
        if self.half.is_none() {
            self.half = Some(half::diagonal(self.n, self.alpha));
            let empty = vec![Vec::new(); self.aside.len()];
            aside = std::mem::replace(&mut self.aside, empty);
        }
        let batches = (0..self.waiting.aside).map(|b| &aside[b % aside.len()][b / aside.len()]);
        let batches = batches.collect::<Vec<_>>();
        let waiting = self.waiting.clone();
        self.strips().into_par_iter().for_each(|mut strip| {
            batches.iter().for_each(|changes| strip.make(changes));
            strip.settle(&waiting);
        });
        self.waiting.aside = 0;
        self.waiting.clear(Fate::Made);
    }

    /// Whether there is a half: changes are no longer put aside.
    pub fn has_half(&self) -> bool {
        self.half.is_some()
    }

    /// A copy of what is pending, for a thread of its own.
    pub fn waiting(&self) -> Waiting<T> {
        self.waiting.clone()
    }

    /// Stores what is pending at the end of a run; all threads have the same.
    ///
    /// A full buffer is flushed at once: a run may end on the update that filled it.
    pub fn keep(&mut self, waiting: Waiting<T>) {
        self.waiting = waiting;
        self.flush();
    }

    /// P in strips of about as many tiles each; their number is that of the problem, not of
    /// threads.
    pub fn strips(&mut self) -> Vec<Strip<'_, T>> {
        let rows = half::rows(self.n);
        let count = self.aside.len();
        // Up to row r there are about r^2 / 2 tiles.
        let edge = |k: usize| (rows as f64 * (k as f64 / count as f64).sqrt()).round() as usize;
        let mut rest = self.half.as_deref_mut();
        let mut all = Vec::with_capacity(count);
        for (place, aside) in self.aside.iter_mut().enumerate() {
            let rows = edge(place)..edge(place + 1);
            let tiles = half::start(rows.end) - half::start(rows.start);
            let (half, after) = rest.map(|half| half.split_at_mut(tiles)).unzip();
            rest = after;
            all.push(Strip {
                place,
                of: count,
                rows,
                alpha: self.alpha,
                half,
                aside,
            });
        }
        all
    }
}

/// How many strips there are for n units.
fn strips(n: usize) -> usize {
    let wanted = STRIPS * n / WIDE;
    (wanted.max(1).next_power_of_two())
        .min(STRIPS)
        .min(half::rows(n).max(1))
}

impl<T: Lanes> Strip<'_, T> {
    /// Which strip this is.
    pub fn place(&self) -> usize {
        self.place
    }

    /// Fills `into` with what this strip gives of P h, before what is pending.
    pub fn product(&self, h: &[T], into: &mut [T]) {
        into.fill(T::of(0.0));
        let Some(half) = self.half.as_deref() else {
            if self.place == 0 {
                let pairs = into.iter_mut().zip(h);
                pairs.for_each(|(to, h)| *to = self.alpha * *h);
            }
            for changes in self.aside.iter() {
                changes.add_product(h, into);
            }
            return;
        };
        let rows = self.rows.clone();
        Arch::new().dispatch(Product {
            half,
            rows,
            h,
            into,
        });
    }

    /// Takes in changes of which there are enough, by their fate.
    pub fn take(&mut self, waiting: &Waiting<T>, fate: Fate) {
        match fate {
            Fate::Made => self.settle(waiting),
            Fate::PutAside if waiting.aside % self.of == self.place => {
                self.aside.push(waiting.changes.clone());
            }
            Fate::PutAside | Fate::WantHalf => {}
        }
    }

    /// Makes the changes that are pending, if there are any.
    fn settle(&mut self, waiting: &Waiting<T>) {
        if waiting.changes.count() > 0 {
            self.make(&waiting.changes);
        }
        if let (Some(half), true) = (&mut self.half, waiting.factor != T::of(1.0)) {
            half.iter_mut().for_each(|x| *x *= waiting.factor);
        }
    }

    fn make(&mut self, changes: &Changes<T>) {
        let half = self.half.as_deref_mut().expect("there is a half to change");
        let rows = self.rows.clone();
        Arch::new().dispatch(Settle {
            half,
            rows,
            changes,
        });
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
    changes: &'a Changes<T>,
}

impl<T: Lanes> WithSimd for Settle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        half::settle(simd, self.half, self.rows, self.changes);
    }
}

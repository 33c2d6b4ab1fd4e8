//! P, the inverse correlation matrix of recursive least squares.
//!
//! ```text
//! q = P h     s = 1 / (l + h . q)     P <- (P - s q q') / l
//! ```
//!
//! The lower triangle of P is stored (see [`super::packed_symmetric`]), so that P remains
//! symmetric. Updates are collected into batches, and a full batch is applied to the matrix in one
//! pass. Until then a product subtracts the contribution of the pending updates.
//!
//! P is initially alpha times the identity, and the first batches are deferred instead of applied:
//! while they are few, their vectors take fewer bytes than the matrix. This limits the effect of
//! rounding: P - s q q' is positive if P is, and symmetry is exact.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use super::packed_symmetric;
use super::pending::{FlushPolicy, Pending};
use super::rank1_updates::{CAPACITY, Rank1Updates};
use super::vector::padded_len;
use crate::ops::Lanes;

/// Maximum number of strips of the matrix; up to this many threads can divide them evenly.
const MAX_STRIPS: usize = 16;
/// Number of units from which on there are [`MAX_STRIPS`] strips. Each halving of the units halves
/// the strips, so that a strip remains worth the vector of its results.
const FULL_STRIPS_UNITS: usize = 2048;
/// Maximum number of deferred updates per unit. A product reads the vector of a deferred update
/// twice, once from distant memory, whereas the matrix is read in products and sometimes rewritten.
/// At this number both representations take the same time.
const MAX_DEFERRED_PER_UNIT: f64 = 0.75;

/// The matrix P of n units.
#[derive(Debug, Clone, PartialEq)]
pub struct InverseCorrelation<T> {
    n: usize,
    /// P was initially alpha times the identity.
    alpha: T,
    /// The packed matrix; `None` while all updates are deferred.
    packed: Option<Vec<T>>,
    /// Deferred batches of each strip: batch b belongs to strip b modulo the number of strips.
    deferred: Vec<Vec<Rank1Updates<T>>>,
    pending: Pending<T>,
}

/// Components of P for serialization: `factor (base - sum over k of scales[k] v_k v_k')`. A P that
/// is restored from them has the same bits, and so has all further training.
#[derive(Debug, Clone, PartialEq)]
pub struct InverseParts<T> {
    pub units: usize,
    /// P was initially alpha times the identity, which is also the base if `base` is `None`.
    pub alpha: T,
    /// Symmetric matrix [n, n].
    pub base: Option<Vec<T>>,
    pub factor: T,
    /// [k]
    pub scales: Vec<T>,
    /// v [k, n]
    pub vectors: Vec<T>,
    /// Time steps of training since the last update of P.
    pub steps_since_update: usize,
}

/// A part of P for one thread: rows of tiles of the matrix, or some of the deferred batches.
pub struct Strip<'a, T> {
    index: usize,
    count: usize,
    rows: Range<usize>,
    alpha: T,
    packed: Option<&'a mut [T]>,
    deferred: &'a mut Vec<Rank1Updates<T>>,
}

impl<T: Lanes> InverseCorrelation<T> {
    /// P = alpha times the identity, for n units.
    pub fn new(n: usize, alpha: T) -> InverseCorrelation<T> {
        let max_deferred = (MAX_DEFERRED_PER_UNIT * n as f64) as usize / CAPACITY;
        InverseCorrelation {
            n,
            alpha,
            packed: None,
            deferred: vec![Vec::new(); strip_count(n)],
            pending: Pending::new(n, max_deferred),
        }
    }

    /// The components of P, for serialization.
    pub fn parts(&self) -> InverseParts<T> {
        let mut parts = InverseParts {
            units: self.n,
            alpha: self.alpha,
            base: self
                .packed
                .as_ref()
                .map(|packed| packed_symmetric::unpack(packed, self.n)),
            factor: self.pending.factor,
            scales: Vec::new(),
            vectors: Vec::new(),
            steps_since_update: self.pending.steps_since_update,
        };
        let strips = self.deferred.len();
        let deferred =
            (0..self.pending.deferred_batches).map(|b| &self.deferred[b % strips][b / strips]);
        for updates in deferred.chain([&self.pending.updates]) {
            for j in 0..updates.count() {
                parts.vectors.extend(updates.vector(j).take(self.n));
                parts.scales.push(updates.scales()[j]);
            }
        }
        parts
    }

    /// Restores P from its components.
    ///
    /// Vectors beyond the capacity of the buffers are applied to the matrix. Files with 16 excess
    /// vectors exist: they were written between the update that filled the buffer and its flush.
    pub fn from_parts(parts: &InverseParts<T>) -> InverseCorrelation<T> {
        let (n, count) = (parts.units, parts.scales.len());
        let mut inverse = InverseCorrelation::new(n, parts.alpha);
        inverse.packed = parts
            .base
            .as_ref()
            .map(|base| packed_symmetric::pack(base, n));
        inverse.pending.steps_since_update = parts.steps_since_update;
        let mut v = vec![T::of(0.0); padded_len(n)];
        let vectors = parts.vectors.chunks_exact(n).zip(&parts.scales);
        for (k, (vector, scale)) in vectors.enumerate() {
            v[..n].copy_from_slice(vector);
            inverse.pending.updates.push(&v, T::of(1.0), *scale);
            if k + 1 == count {
                inverse.pending.factor = parts.factor;
            }
            inverse.flush_if_full();
        }
        if count == 0 {
            inverse.pending.factor = parts.factor;
        }
        inverse
    }

    /// Flushes the buffer of updates if it is full.
    fn flush_if_full(&mut self) {
        match self.pending.flush_policy(self.has_matrix()) {
            None => {}
            Some(FlushPolicy::Defer) => {
                let strips = self.deferred.len();
                let updates = self.pending.updates.clone();
                self.deferred[self.pending.deferred_batches % strips].push(updates);
                self.pending.clear(FlushPolicy::Defer);
            }
            Some(FlushPolicy::Apply | FlushPolicy::AllocateMatrix) => self.flush(),
        }
    }

    /// Number of updates in the buffer.
    pub fn pending_count(&self) -> usize {
        self.pending.updates.count()
    }

    /// Updates in the buffer. A wR in training shares their vectors.
    pub fn pending_updates(&self) -> &Rank1Updates<T> {
        &self.pending.updates
    }

    /// The full matrix [n, n], row-major, including all updates.
    pub fn to_row_major(&self) -> Vec<T> {
        let mut flushed = self.clone();
        flushed.flush();
        packed_symmetric::unpack(&flushed.packed.expect("flush allocates the matrix"), self.n)
    }

    /// Applies all deferred and pending updates to the matrix; allocates it if necessary.
    pub fn flush(&mut self) {
        let mut deferred = Vec::new();
        if self.packed.is_none() {
            self.packed = Some(packed_symmetric::scaled_identity(self.n, self.alpha));
            let empty = vec![Vec::new(); self.deferred.len()];
            deferred = std::mem::replace(&mut self.deferred, empty);
        }
        let batches = (0..self.pending.deferred_batches)
            .map(|b| &deferred[b % deferred.len()][b / deferred.len()]);
        let batches = batches.collect::<Vec<_>>();
        let pending = self.pending.clone();
        self.strips().into_par_iter().for_each(|mut strip| {
            batches.iter().for_each(|updates| strip.apply(updates));
            strip.apply_pending(&pending);
        });
        self.pending.deferred_batches = 0;
        self.pending.clear(FlushPolicy::Apply);
    }

    /// Whether the matrix is allocated. From then on updates are not deferred.
    pub fn has_matrix(&self) -> bool {
        self.packed.is_some()
    }

    /// A copy of the pending updates, for one thread.
    pub fn pending(&self) -> Pending<T> {
        self.pending.clone()
    }

    /// Stores the pending updates at the end of a run; all threads have the same ones.
    ///
    /// Flushes a full buffer immediately: a run can end on the update that filled it.
    pub fn set_pending(&mut self, pending: Pending<T>) {
        self.pending = pending;
        self.flush_if_full();
    }

    /// Divides P into strips with about the same number of tiles. The number of strips depends on n
    /// only, not on the number of threads.
    pub fn strips(&mut self) -> Vec<Strip<'_, T>> {
        let rows = packed_symmetric::tile_row_count(self.n);
        let count = self.deferred.len();
        // The rows before row r have about r^2 / 2 tiles.
        let edge = |k: usize| (rows as f64 * (k as f64 / count as f64).sqrt()).round() as usize;
        let mut rest = self.packed.as_deref_mut();
        let mut all = Vec::with_capacity(count);
        for (index, deferred) in self.deferred.iter_mut().enumerate() {
            let rows = edge(index)..edge(index + 1);
            let tiles = packed_symmetric::tile_row_start(rows.end)
                - packed_symmetric::tile_row_start(rows.start);
            let (packed, after) = rest.map(|packed| packed.split_at_mut(tiles)).unzip();
            rest = after;
            all.push(Strip {
                index,
                count,
                rows,
                alpha: self.alpha,
                packed,
                deferred,
            });
        }
        all
    }
}

/// Number of strips for n units.
fn strip_count(n: usize) -> usize {
    let wanted = MAX_STRIPS * n / FULL_STRIPS_UNITS;
    (wanted.max(1).next_power_of_two())
        .min(MAX_STRIPS)
        .min(packed_symmetric::tile_row_count(n).max(1))
}

impl<T: Lanes> Strip<'_, T> {
    /// Index of this strip.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Computes the contribution of this strip to P h, without the pending updates.
    pub fn multiply(&self, h: &[T], into: &mut [T]) {
        into.fill(T::of(0.0));
        let Some(packed) = self.packed.as_deref() else {
            if self.index == 0 {
                let pairs = into.iter_mut().zip(h);
                pairs.for_each(|(to, h)| *to = self.alpha * *h);
            }
            for updates in self.deferred.iter() {
                updates.add_product(h, into);
            }
            return;
        };
        let rows = self.rows.clone();
        Arch::new().dispatch(PackedProduct {
            packed,
            rows,
            h,
            into,
        });
    }

    /// Flushes a full batch of updates to this strip according to `policy`.
    pub fn flush(&mut self, pending: &Pending<T>, policy: FlushPolicy) {
        match policy {
            FlushPolicy::Apply => self.apply_pending(pending),
            FlushPolicy::Defer if pending.deferred_batches % self.count == self.index => {
                self.deferred.push(pending.updates.clone());
            }
            FlushPolicy::Defer | FlushPolicy::AllocateMatrix => {}
        }
    }

    /// Applies the pending updates, if there are any, and the pending factor.
    fn apply_pending(&mut self, pending: &Pending<T>) {
        if pending.updates.count() > 0 {
            self.apply(&pending.updates);
        }
        if let (Some(packed), true) = (&mut self.packed, pending.factor != T::of(1.0)) {
            packed.iter_mut().for_each(|x| *x *= pending.factor);
        }
    }

    fn apply(&mut self, updates: &Rank1Updates<T>) {
        let packed = self
            .packed
            .as_deref_mut()
            .expect("updates are applied only to an allocated matrix");
        let rows = self.rows.clone();
        Arch::new().dispatch(PackedUpdate {
            packed,
            rows,
            updates,
        });
    }
}

struct PackedProduct<'a, T> {
    packed: &'a [T],
    rows: Range<usize>,
    h: &'a [T],
    into: &'a mut [T],
}

impl<T: Lanes> WithSimd for PackedProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        packed_symmetric::add_product(simd, self.packed, self.rows, self.h, self.into);
    }
}

struct PackedUpdate<'a, T> {
    packed: &'a mut [T],
    rows: Range<usize>,
    updates: &'a Rank1Updates<T>,
}

impl<T: Lanes> WithSimd for PackedUpdate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        packed_symmetric::subtract_updates(simd, self.packed, self.rows, self.updates);
    }
}

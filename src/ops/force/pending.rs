//! Updates of P that its matrix does not include yet, and the policy for flushing them.

use pulp::{Arch, Simd, WithSimd};

use super::rank1_updates::{CAPACITY, Rank1Updates};
use super::vector;
use crate::ops::Lanes;

/// Pending updates: P is `factor` times the difference of the stored matrix and these updates.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending<T> {
    pub factor: T,
    pub updates: Rank1Updates<T>,
    /// Number of batches that are deferred: stored as vectors instead of added to the matrix.
    pub deferred_batches: usize,
    /// Maximum number of deferred batches.
    max_deferred: usize,
    /// Time steps of training since the last update of P.
    pub steps_since_update: usize,
}

/// Action for a full batch of pending updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushPolicy {
    /// Subtract them from the matrix.
    Apply,
    /// Store their vectors.
    Defer,
    /// Allocate the matrix, then apply them.
    AllocateMatrix,
}

impl<T: Lanes> Pending<T> {
    /// No pending updates, for n units and at most `max_deferred` deferred batches.
    pub fn new(n: usize, max_deferred: usize) -> Pending<T> {
        Pending {
            factor: T::of(1.0),
            updates: Rank1Updates::new(n),
            deferred_batches: 0,
            max_deferred,
            steps_since_update: 0,
        }
    }

    pub fn updates(&self) -> &Rank1Updates<T> {
        &self.updates
    }

    /// Whether the next time step updates the weights, given an update every `every` steps.
    pub fn is_due(&self, every: usize) -> bool {
        self.steps_since_update + 1 >= every
    }

    /// Counts a time step, with or without an update.
    pub fn count_step(&mut self, updated: bool) {
        self.steps_since_update = match updated {
            true => 0,
            false => self.steps_since_update + 1,
        };
    }

    /// Completes q = P h from the sum of the strips. Returns h . P h, and s_j q_j . h of each
    /// pending update.
    pub fn finish_product(&self, h: &[T], q: &mut [T]) -> (T, [T; CAPACITY]) {
        let projections = self.updates.add_product(h, q);
        let factor = self.factor;
        if factor != T::of(1.0) {
            q.iter_mut().for_each(|q| *q *= factor);
        }
        (Arch::new().dispatch(Dot { a: h, b: q }), projections)
    }

    /// Adds the update P <- (P - s q q') / l with q = P h and s = 1 / (l + h . q). Returns s.
    pub fn push_update(&mut self, q: &[T], h_dot_q: T, forgetting: T) -> T {
        let s = T::of(1.0) / (forgetting + h_dot_q);
        // Stored vectors are divided by the factor: s q q' = factor (s factor) (q / factor)^2.
        self.updates
            .push(q, T::of(1.0) / self.factor, s * self.factor);
        self.factor *= T::of(1.0) / forgetting;
        s
    }

    /// The action for the pending updates, if the batch is full.
    pub fn flush_policy(&self, has_matrix: bool) -> Option<FlushPolicy> {
        let can_defer = self.factor == T::of(1.0) && self.deferred_batches < self.max_deferred;
        self.updates
            .is_full()
            .then_some(match (has_matrix, can_defer) {
                (true, _) => FlushPolicy::Apply,
                (false, true) => FlushPolicy::Defer,
                (false, false) => FlushPolicy::AllocateMatrix,
            })
    }

    /// Clears the pending updates after a flush.
    pub fn clear(&mut self, policy: FlushPolicy) {
        if policy == FlushPolicy::Defer {
            self.deferred_batches += 1;
        }
        self.factor = T::of(1.0);
        self.updates.clear();
    }
}

struct Dot<'a, T> {
    a: &'a [T],
    b: &'a [T],
}

impl<T: Lanes> WithSimd for Dot<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> T {
        vector::dot(simd, self.a, self.b)
    }
}

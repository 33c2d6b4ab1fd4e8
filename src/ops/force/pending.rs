//! Updates of P that are not yet part of its matrix, and when they become part of it.

use pulp::{Arch, Simd, WithSimd};

use super::changes::{Changes, WAITING};
use super::half;
use crate::ops::Lanes;

/// Pending updates: P is `factor` times what is stored, minus these updates.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting<T> {
    pub factor: T,
    pub changes: Changes<T>,
    /// Batches that were put aside.
    pub aside: usize,
    /// How many may be.
    most: usize,
    /// Time steps of training since the last update of P.
    pub steps_since_update: usize,
}

/// What becomes of updates when there are enough of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Made,
    PutAside,
    /// Made, once there is a half to make them in.
    WantHalf,
}

impl<T: Lanes> Waiting<T> {
    /// No updates; of n units, with at most `most` batches put aside.
    pub fn new(n: usize, most: usize) -> Waiting<T> {
        Waiting {
            factor: T::of(1.0),
            changes: Changes::new(n),
            aside: 0,
            most,
            steps_since_update: 0,
        }
    }

    pub fn changes(&self) -> &Changes<T> {
        &self.changes
    }

    /// Whether the next time step updates the weights, if every so many do.
    pub fn is_due(&self, every: usize) -> bool {
        self.steps_since_update + 1 >= every
    }

    /// Counts a time step.
    pub fn count_step(&mut self, updated: bool) {
        self.steps_since_update = match updated {
            true => 0,
            false => self.steps_since_update + 1,
        };
    }

    /// P h from what the strips give of it; h . P h, and s_j q_j . h of what is pending.
    pub fn finish(&self, h: &[T], q: &mut [T]) -> (T, [T; WAITING]) {
        let each = self.changes.add_product(h, q);
        let factor = self.factor;
        if factor != T::of(1.0) {
            q.iter_mut().for_each(|q| *q *= factor);
        }
        (Arch::new().dispatch(Dot { a: h, b: q }), each)
    }

    /// Takes in that P h was q, with h . q given: P <- (P - q q' / (l + h . q)) / l. Gives s, the
    /// scale of the change.
    pub fn update(&mut self, q: &[T], along: T, forgetting: T) -> T {
        let s = T::of(1.0) / (forgetting + along);
        // In what is kept, q is smaller by the factor: s q q' = factor (s factor) (q / factor)^2.
        self.changes
            .push(q, T::of(1.0) / self.factor, s * self.factor);
        self.factor *= T::of(1.0) / forgetting;
        s
    }

    /// What is to be done with the changes, if it is time.
    pub fn fate(&self, has_half: bool) -> Option<Fate> {
        let aside = self.factor == T::of(1.0) && self.aside < self.most;
        self.changes.is_full().then_some(match (has_half, aside) {
            (true, _) => Fate::Made,
            (false, true) => Fate::PutAside,
            (false, false) => Fate::WantHalf,
        })
    }

    /// Forgets the changes, which met their fate.
    pub fn clear(&mut self, fate: Fate) {
        if fate == Fate::PutAside {
            self.aside += 1;
        }
        self.factor = T::of(1.0);
        self.changes.clear();
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
        half::dot(simd, self.a, self.b)
    }
}

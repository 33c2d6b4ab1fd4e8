//! The recurrent weights as one thread of a run accesses them.

use super::matrix::{Matrix, subtract_updates};
use super::rank1_updates::{CAPACITY, Rank1Updates};
use crate::ops::Lanes;

/// wR as one thread accesses it.
pub enum RecurrentWeights<'a, T> {
    /// The whole matrix, not trained.
    Fixed(&'a Matrix<T>),
    /// The rows of the thread's units, trained so that wR h + wF z approaches `targets` [t, n].
    Trained {
        rows: &'a mut [T],
        targets: &'a [T],
        /// Error of wR h + wF z of each unit at each pending update.
        errors: &'a mut [[T; CAPACITY]],
        /// wR h of the thread's units, saved between runs.
        recurrent_input: &'a mut [T],
    },
}

impl<T: Lanes> RecurrentWeights<'_, T> {
    /// Applies the pending updates if wR is trained.
    pub fn flush(&mut self, updates: &Rank1Updates<T>) {
        if let RecurrentWeights::Trained { rows, errors, .. } = self {
            subtract_updates(rows, errors, updates);
            errors.fill([T::of(0.0); CAPACITY]);
        }
    }
}

/// Subtracts the pending updates from wR h, given s_j q_j . h for each of them.
pub fn subtract_pending<T: Lanes>(
    recurrent_input: &mut [T],
    errors: &[[T; CAPACITY]],
    projections: &[T; CAPACITY],
) {
    for (recurrent_input, errors) in recurrent_input.iter_mut().zip(errors) {
        for (error, projection) in errors.iter().zip(projections) {
            *recurrent_input -= *error * *projection;
        }
    }
}

//! The recurrent weights as one thread of a run accesses them.

use super::matrix::{Matrix, subtract_updates};
use super::rank1_updates::{CAPACITY, Rank1Updates};
use super::recurrent_updates::RecurrentUpdates;
use crate::ops::Lanes;
use crate::ops::parallel::split_front;

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

impl<'a, T: Lanes> RecurrentWeights<'a, T> {
    /// All of wR, trained if it is dense and has targets [t, n] with pending updates.
    pub fn new(
        matrix: &'a mut Matrix<T>,
        training: Option<(&'a [T], &'a mut RecurrentUpdates<T>)>,
    ) -> RecurrentWeights<'a, T> {
        match (training, matrix) {
            (Some((targets, updates)), Matrix::Dense(dense)) => RecurrentWeights::Trained {
                rows: &mut dense.data,
                targets,
                errors: &mut updates.errors,
                recurrent_input: &mut updates.recurrent_input,
            },
            (_, matrix) => RecurrentWeights::Fixed(matrix),
        }
    }

    /// Splits the leading units off, whose rows have `width` values.
    pub fn split_front(&mut self, units: usize, width: usize) -> RecurrentWeights<'a, T> {
        match self {
            RecurrentWeights::Fixed(matrix) => RecurrentWeights::Fixed(*matrix),
            RecurrentWeights::Trained {
                rows,
                targets,
                errors,
                recurrent_input,
            } => RecurrentWeights::Trained {
                rows: split_front(rows, units * width),
                targets,
                errors: split_front(errors, units),
                recurrent_input: split_front(recurrent_input, units),
            },
        }
    }

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

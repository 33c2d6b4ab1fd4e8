//! Pending updates of recurrent weights in training. They share the vectors of the updates of P.

use super::leaky_tanh::apply_tanh;
use super::matrix::{Matrix, subtract_updates};
use super::network::State;
use super::rank1_updates::CAPACITY;
use super::rls::InverseCorrelation;
use super::vector::padded_len;
use crate::ops::Lanes;

/// Updates of wR that its matrix does not include yet. They persist between runs, so that training
/// has the same bits wherever it is divided into runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RecurrentUpdates<T> {
    /// Error of wR h + wF z of each unit at each pending update, [n].
    pub(super) errors: Vec<[T; CAPACITY]>,
    /// wR h at the current state, [n].
    pub(super) recurrent_input: Vec<T>,
}

impl<T: Lanes> RecurrentUpdates<T> {
    /// No pending updates, at the given state. Converts the matrix to dense storage.
    pub fn new(recurrent: &mut Matrix<T>, state: &mut State<T>) -> RecurrentUpdates<T> {
        recurrent.make_dense();
        let n = state.a.len();
        let mut h = vec![T::of(0.0); padded_len(n)];
        apply_tanh(&mut state.a, &mut h);
        let mut recurrent_input = vec![T::of(0.0); n];
        recurrent.add_product(0, &h, &mut recurrent_input);
        RecurrentUpdates {
            errors: vec![[T::of(0.0); CAPACITY]; n],
            recurrent_input,
        }
    }

    /// Restores the updates from the values of [`Self::errors`] and [`Self::recurrent_input`].
    ///
    /// Shapes: errors [n, k], recurrent_input [n]
    pub fn from_parts(errors: &[T], recurrent_input: Vec<T>) -> RecurrentUpdates<T> {
        let n = recurrent_input.len();
        let mut rows = vec![[T::of(0.0); CAPACITY]; n];
        let k = errors.len() / n.max(1);
        for (row, errors) in rows.iter_mut().zip(errors.chunks_exact(k.max(1))) {
            row[..k].copy_from_slice(errors);
        }
        RecurrentUpdates {
            errors: rows,
            recurrent_input,
        }
    }

    /// The errors of each unit at k pending updates, [n, k].
    pub fn errors(&self, k: usize) -> Vec<T> {
        let rows = self.errors.iter();
        rows.flat_map(|row| row[..k].iter().copied()).collect()
    }

    /// wR h at the current state, [n].
    pub fn recurrent_input(&self) -> &[T] {
        &self.recurrent_input
    }

    /// wR including the pending updates, in the smaller of the dense and the sparse format.
    pub fn to_matrix(&self, recurrent: &Matrix<T>, inverse: &InverseCorrelation<T>) -> Matrix<T> {
        let n = self.errors.len();
        let mut flushed = recurrent.clone();
        flushed.make_dense();
        if let Matrix::Dense(dense) = &mut flushed
            && inverse.pending_count() > 0
        {
            subtract_updates(&mut dense.data, &self.errors, inverse.pending_updates());
        }
        Matrix::new(&flushed.to_row_major(), n, n)
    }
}

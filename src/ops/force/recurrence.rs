//! Recurrent weights that are being trained: their pending updates share the vectors of those of P.

use super::changes::WAITING;
use super::inverse::Inverse;
use super::rows::{Matrix, padded, take_changes};
use super::{State, rates};
use crate::ops::Lanes;

/// The part of wR that its matrix lacks while updates are pending. It persists between runs, so
/// that training continues with the same bits wherever it is divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurrence<T> {
    /// The error of each unit's current at each pending update, [n].
    pub(super) errors: Vec<[T; WAITING]>,
    /// wR h at the current state, [n].
    pub(super) arriving: Vec<T>,
}

impl<T: Lanes> Recurrence<T> {
    /// No pending updates, at a state. The matrix becomes dense.
    pub fn new(recurrent: &mut Matrix<T>, state: &mut State<T>) -> Recurrence<T> {
        recurrent.make_dense();
        let n = state.a.len();
        let mut h = vec![T::of(0.0); padded(n)];
        rates(&mut state.a, &mut h);
        let mut arriving = vec![T::of(0.0); n];
        recurrent.add_product(0, &h, &mut arriving);
        Recurrence {
            errors: vec![[T::of(0.0); WAITING]; n],
            arriving,
        }
    }

    /// Restores what [`Self::errors`] and [`Self::arriving`] returned.
    ///
    /// Shapes: errors [n, k], arriving [n]
    pub fn of_parts(errors: &[T], arriving: Vec<T>) -> Recurrence<T> {
        let n = arriving.len();
        let mut rows = vec![[T::of(0.0); WAITING]; n];
        let k = errors.len() / n.max(1);
        for (row, errors) in rows.iter_mut().zip(errors.chunks_exact(k.max(1))) {
            row[..k].copy_from_slice(errors);
        }
        Recurrence {
            errors: rows,
            arriving,
        }
    }

    /// The errors of each unit at k pending updates, [n, k].
    pub fn errors(&self, k: usize) -> Vec<T> {
        let rows = self.errors.iter();
        rows.flat_map(|row| row[..k].iter().copied()).collect()
    }

    /// wR h at the current state, [n].
    pub fn arriving(&self) -> &[T] {
        &self.arriving
    }

    /// wR with the pending updates, in the representation that suits it.
    pub fn flushed(&self, recurrent: &Matrix<T>, inverse: &Inverse<T>) -> Matrix<T> {
        let n = self.errors.len();
        let mut flushed = recurrent.clone();
        flushed.make_dense();
        if let Matrix::Dense(dense) = &mut flushed
            && inverse.pending() > 0
        {
            take_changes(&mut dense.data, &self.errors, inverse.pending_changes());
        }
        Matrix::new(&flushed.whole(), n, n)
    }
}

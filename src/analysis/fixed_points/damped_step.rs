//! Linear algebra of one damped Newton step. The buffers are reused, because allocating the
//! matrices of all candidates in every iteration costs more than the arithmetic.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::ops::Lanes;

/// The floating-point type of a search.
pub trait Float: Lanes + RealField {
    /// Damping relative to A A' that is always added, at the level of rounding.
    const ROUNDING: f64;
    /// A state is a local minimum of q if the cosine between r and the range of A is below this
    /// value.
    const STATIONARY: f64;
}

impl Float for f32 {
    const ROUNDING: f64 = 1e-6;
    const STATIONARY: f64 = 1e-3;
}

impl Float for f64 {
    const ROUNDING: f64 = 1e-15;
    const STATIONARY: f64 = 1e-5;
}

/// A map is stiff if |A| is at least this value.
const STIFF: f64 = 100.0;

/// A = dF/dh - 1 at one state, A A', and the Cholesky factor of A A' + m 1.
pub struct DampedSystem<'a, T> {
    a: MatRef<'a, T>,
    /// A A', lower triangle.
    gram: MatMut<'a, T>,
    factor: MatMut<'a, T>,
    /// The damping m.
    shift: T,
}

impl<'a, T: Float> DampedSystem<'a, T> {
    /// Computes A A' of a row-major A; `gram` and `factor` are scratch space.
    pub fn new(a: &'a [T], gram: &'a mut [T], factor: &'a mut [T]) -> DampedSystem<'a, T> {
        let s = a.len().isqrt();
        let a = MatRef::from_row_major_slice(a, s, s);
        let mut gram = MatMut::from_column_major_slice_mut(gram, s, s);
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(
            gram.rb_mut(),
            lower,
            Accum::Replace,
            a,
            full,
            a.transpose(),
            full,
            T::of(1.0),
            Par::Seq,
        );
        DampedSystem {
            a,
            gram,
            factor: MatMut::from_column_major_slice_mut(factor, s, s),
            shift: T::of(0.0),
        }
    }

    /// |A' r|^2 / (|A|^2 |r|^2), the squared cosine between r and the range of A; near 0 at a
    /// stationary point of q. An |A| below 1 is replaced by 1, because A is small if all of h is
    /// slow. If |A| is large, each column has its own size: the fast directions of a stiff map do
    /// not hide the gradient along the slow ones.
    pub fn stationarity(&self, r: &[T]) -> f64 {
        let s = r.len();
        let gradient = self.a.transpose() * MatRef::from_column_major_slice(r, s, 1);
        let size: f64 = (0..s).map(|k| self.gram[(k, k)].double()).sum();
        let gradient = gradient.col_as_slice(0);
        if size < STIFF * STIFF {
            return squared_norm(gradient) / (size.max(1.0) * squared_norm(r));
        }
        let column = |k: usize| (0..s).map(|i| self.a[(i, k)].double().powi(2)).sum::<f64>();
        let terms = gradient.iter().enumerate();
        let terms = terms.map(|(k, g)| g.double().powi(2) / column(k).max(1.0));
        terms.sum::<f64>() / squared_norm(r)
    }

    /// The step with the given damping and the predicted decrease of |r|^2; None if rounding
    /// prevents the factorization.
    pub fn solve(&mut self, r: &[T], damping: f64) -> Option<(Vec<T>, f64)> {
        let s = r.len();
        let largest = (0..s).fold(0.0, |maximum: f64, k| {
            maximum.max(self.gram[(k, k)].double())
        });
        self.shift = T::of(damping + T::ROUNDING * largest);
        self.factor.copy_from_triangular_lower(self.gram.rb());
        for k in 0..s {
            self.factor[(k, k)] += self.shift;
        }
        let scratch = cholesky_in_place_scratch::<T>(s, Par::Seq, Default::default());
        let mut stack = MemBuffer::new(scratch);
        let (regularization, stack) = (Default::default(), MemStack::new(&mut stack));
        let factor = self.factor.rb_mut();
        cholesky_in_place(factor, regularization, Par::Seq, stack, Default::default()).ok()?;
        let (d, y) = self.minimum_norm_step(r);
        // r + A d = m y
        let shift = self.shift.double();
        Some((d, squared_norm(r) - shift * shift * y))
    }

    /// The minimum-norm step d = -A' y with (A A' + m) y = r, and |y|^2.
    fn minimum_norm_step(&self, r: &[T]) -> (Vec<T>, f64) {
        let mut y = Mat::from_fn(r.len(), 1, |k, _| r[k]);
        let mut empty = MemBuffer::new(StackReq::EMPTY);
        let empty = MemStack::new(&mut empty);
        solve_in_place(self.factor.rb(), y.as_mut(), Par::Seq, empty);
        let d = self.a.transpose() * &y;
        let d = d.col_as_slice(0).iter().map(|x| -*x).collect();
        (d, squared_norm(y.col_as_slice(0)))
    }

    /// The step for another r with the existing factorization.
    pub fn chord_step(&self, r: &[T]) -> Vec<T> {
        self.minimum_norm_step(r).0
    }
}

/// The sum of the squares of the values.
pub fn squared_norm<T: Float>(values: &[T]) -> f64 {
    values.iter().map(|x| x.double() * x.double()).sum()
}

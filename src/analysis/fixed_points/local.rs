//! The linear algebra of one damped Newton step, in room that is used again: matrices of all
//! candidates that were taken from the system each time cost more than the arithmetic.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::ops::Lanes;

/// The kind of number that a search is done in.
pub trait Number: Lanes + RealField {
    /// Added to the damping, relative to A A': what rounding makes of zero.
    const ROUNDING: f64;
    /// A minimum of q: the cosine between r and all that A can reach is below this.
    const STATIONARY: f64;
}

impl Number for f32 {
    const ROUNDING: f64 = 1e-6;
    const STATIONARY: f64 = 1e-3;
}

impl Number for f64 {
    const ROUNDING: f64 = 1e-15;
    const STATIONARY: f64 = 1e-5;
}

/// A = dF/dh - 1 at one state, A A', and the Cholesky factor of A A' + m 1.
pub struct Local<'a, T> {
    a: MatRef<'a, T>,
    /// A A', lower half.
    square: MatMut<'a, T>,
    factor: MatMut<'a, T>,
    /// m
    shift: T,
}

impl<'a, T: Number> Local<'a, T> {
    /// With A row-major, and room for the other two.
    pub fn new(a: &'a [T], square: &'a mut [T], factor: &'a mut [T]) -> Local<'a, T> {
        let s = a.len().isqrt();
        let a = MatRef::from_row_major_slice(a, s, s);
        let mut square = MatMut::from_column_major_slice_mut(square, s, s);
        let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(
            square.rb_mut(),
            lower,
            Accum::Replace,
            a,
            whole,
            a.transpose(),
            whole,
            T::of(1.0),
            Par::Seq,
        );
        Local {
            a,
            square,
            factor: MatMut::from_column_major_slice_mut(factor, s, s),
            shift: T::of(0.0),
        }
    }

    /// |A' r|^2 / (|A|^2 |r|^2), the square of a cosine between r and what A can reach. An |A| that
    /// is below 1 counts as 1: A is small where all of h is slow.
    pub fn reach(&self, r: &[T]) -> f64 {
        let s = r.len();
        let slope = self.a.transpose() * MatRef::from_column_major_slice(r, s, 1);
        let size: f64 = (0..s).map(|k| self.square[(k, k)].double()).sum();
        squares(slope.col_as_slice(0)) / (size.max(1.0) * squares(r))
    }

    /// The step with this damping, and the decrease of |r|^2 that it foretells; none if rounding
    /// leaves no factor.
    pub fn damped(&mut self, r: &[T], damping: f64) -> Option<(Vec<T>, f64)> {
        let s = r.len();
        let largest = (0..s).fold(0.0, |most: f64, k| most.max(self.square[(k, k)].double()));
        self.shift = T::of(damping + T::ROUNDING * largest);
        self.factor.copy_from_triangular_lower(self.square.rb());
        for k in 0..s {
            self.factor[(k, k)] += self.shift;
        }
        let need = cholesky_in_place_scratch::<T>(s, Par::Seq, Default::default());
        let mut stack = MemBuffer::new(need);
        let (rule, stack) = (Default::default(), MemStack::new(&mut stack));
        let factor = self.factor.rb_mut();
        cholesky_in_place(factor, rule, Par::Seq, stack, Default::default()).ok()?;
        let (d, y) = self.step(r);
        // r + A d = m y
        let shift = self.shift.double();
        Some((d, squares(r) - shift * shift * y))
    }

    /// The shortest step d = -A' y with (A A' + m) y = r, and |y|^2.
    fn step(&self, r: &[T]) -> (Vec<T>, f64) {
        let mut y = Mat::from_fn(r.len(), 1, |k, _| r[k]);
        let mut none = MemBuffer::new(StackReq::EMPTY);
        let none = MemStack::new(&mut none);
        solve_in_place(self.factor.rb(), y.as_mut(), Par::Seq, none);
        let d = self.a.transpose() * &y;
        let d = d.col_as_slice(0).iter().map(|x| -*x).collect();
        (d, squares(y.col_as_slice(0)))
    }

    /// The step with the damping of before for another r.
    pub fn again(&self, r: &[T]) -> Vec<T> {
        self.step(r).0
    }
}

/// The sum of the squares of some numbers.
pub fn squares<T: Number>(numbers: &[T]) -> f64 {
    numbers.iter().map(|x| x.double() * x.double()).sum()
}

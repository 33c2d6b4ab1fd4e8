//! The linear algebra of one damped Newton step, in room that is used again: matrices of all
//! candidates that were taken from the system each time cost more than the arithmetic.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// Added to the damping, relative to A A': what rounding makes of zero.
const ROUNDING: f64 = 1e-15;

/// A = dF/dh - 1 at one state, A A', and the Cholesky factor of A A' + m 1.
pub struct Local<'a> {
    a: MatRef<'a, f64>,
    /// A A', lower half.
    square: MatMut<'a, f64>,
    factor: MatMut<'a, f64>,
    /// m
    shift: f64,
}

impl<'a> Local<'a> {
    /// With A row-major, and room for the other two.
    pub fn new(a: &'a [f64], square: &'a mut [f64], factor: &'a mut [f64]) -> Local<'a> {
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
            1.0,
            Par::Seq,
        );
        Local {
            a,
            square,
            factor: MatMut::from_column_major_slice_mut(factor, s, s),
            shift: 0.0,
        }
    }

    /// The step with this damping, and the decrease of |r|^2 that it foretells; none if rounding
    /// leaves no factor.
    pub fn damped(&mut self, r: &[f64], damping: f64) -> Option<(Vec<f64>, f64)> {
        let s = r.len();
        let largest = (0..s).fold(0.0, |most: f64, k| most.max(self.square[(k, k)]));
        self.shift = damping + ROUNDING * largest;
        self.factor.copy_from_triangular_lower(self.square.rb());
        for k in 0..s {
            self.factor[(k, k)] += self.shift;
        }
        let need = cholesky_in_place_scratch::<f64>(s, Par::Seq, Default::default());
        let mut stack = MemBuffer::new(need);
        let (rule, stack) = (Default::default(), MemStack::new(&mut stack));
        let factor = self.factor.rb_mut();
        cholesky_in_place(factor, rule, Par::Seq, stack, Default::default()).ok()?;
        let (d, y) = self.step(r);
        // r + A d = m y
        let square: f64 = r.iter().map(|x| x * x).sum();
        Some((d, square - self.shift * self.shift * y))
    }

    /// The shortest step d = -A' y with (A A' + m) y = r, and |y|^2.
    fn step(&self, r: &[f64]) -> (Vec<f64>, f64) {
        let mut y = Mat::from_fn(r.len(), 1, |k, _| r[k]);
        let mut none = MemBuffer::new(StackReq::EMPTY);
        let none = MemStack::new(&mut none);
        solve_in_place(self.factor.rb(), y.as_mut(), Par::Seq, none);
        let d = self.a.transpose() * &y;
        let d = d.col_as_slice(0).iter().map(|x| -x).collect();
        (d, y.squared_norm_l2())
    }

    /// The step with the damping of before for another r.
    pub fn again(&self, r: &[f64]) -> Vec<f64> {
        self.step(r).0
    }
}

/// |A' r|^2 / (|A|^2 |r|^2), the square of a cosine between r and what A can reach. An |A| below 1
/// counts as 1: A is small where all of h is slow.
pub fn reach(a: &[f64], r: &[f64]) -> f64 {
    let s = r.len();
    let a = MatRef::from_row_major_slice(a, s, s);
    let slope = a.transpose() * MatRef::from_column_major_slice(r, s, 1);
    let square: f64 = r.iter().map(|x| x * x).sum();
    slope.squared_norm_l2() / (a.squared_norm_l2().max(1.0) * square)
}

/// A^-1 r; not finite where A has no inverse.
pub fn solved(a: &[f64], r: &[f64]) -> Vec<f64> {
    let s = r.len();
    let a = MatRef::from_row_major_slice(a, s, s);
    let r = MatRef::from_column_major_slice(r, s, 1);
    let d = a.partial_piv_lu().solve(r);
    d.col_as_slice(0).to_vec()
}

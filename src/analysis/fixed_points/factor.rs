//! The LU factorization of A = dF/dh - 1 at one state: Newton steps, the norm of the inverse, and
//! the sign of the determinant.

use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::{Mat, MatRef};

use super::damped_step::{DampedSystem, squared_norm};

/// Power iterations for the norm of the inverse. The gap between the two smallest singular values
/// is rarely so small that the remaining error reaches a factor of 2.
const ITERATIONS: usize = 6;

/// Squarings of a matrix for its spectral radius, as the 2^k-th root of the norm of its 2^k-th
/// power. The norm of a power is at most s times its largest element.
const SQUARINGS: u32 = 7;

/// A = P' L U.
pub struct Factor {
    lu: PartialPivLu<f64>,
}

impl Factor {
    /// Factorizes a row-major matrix [s, s].
    pub fn new(a: &[f64]) -> Factor {
        let s = a.len().isqrt();
        Factor {
            lu: MatRef::from_row_major_slice(a, s, s).partial_piv_lu(),
        }
    }

    /// The Newton step -A^-1 r; not finite if A is singular.
    pub fn step(&self, r: &[f64]) -> Vec<f64> {
        let r = MatRef::from_column_major_slice(r, r.len(), 1);
        let d: Mat<f64> = self.lu.solve(r);
        d.col_as_slice(0).iter().map(|x| -*x).collect()
    }

    /// An estimate of the 2-norm of A^-1, 1 / the smallest singular value; infinite if A is
    /// singular.
    ///
    /// Power iteration on (A A')^-1 from a vector of alternating signs with distinct entries.
    pub fn inverse_norm(&self) -> f64 {
        let s = self.lu.U().nrows();
        let start =
            |k: usize| (1.0 + k as f64 / s as f64) * if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let mut v = Mat::from_fn(s, 1, |k, _| start(k));
        let mut norm = 0.0;
        for _ in 0..ITERATIONS {
            let size = squared_norm(v.col_as_slice(0)).sqrt();
            v = Mat::from_fn(s, 1, |k, _| v[(k, 0)] / size);
            v = self.lu.solve(&v);
            norm = squared_norm(v.col_as_slice(0)).sqrt();
            v = self.lu.solve_transpose(&v);
            if !norm.is_finite() || !squared_norm(v.col_as_slice(0)).is_finite() {
                return f64::INFINITY;
            }
        }
        norm
    }

    /// Whether errors of at most `error` relative to the elements of |J| + 1 can make A = J - 1
    /// singular: error times the spectral radius of |A^-1| (|J| + 1) is at least 1.
    ///
    /// Source: Demmel 1992, The componentwise distance to the nearest singular matrix
    pub fn is_singular_within(&self, j: &[f64], error: f64) -> bool {
        let s = self.lu.U().nrows();
        // The Frobenius norms bound the spectral radius and need no inverse.
        let root = (s as f64).sqrt();
        let bound = self.inverse_norm() * root * (root + squared_norm(j).sqrt());
        if error * bound < 1.0 {
            return false;
        }
        let inverse: Mat<f64> = self.lu.solve(Mat::<f64>::identity(s, s));
        let inverse = Mat::from_fn(s, s, |r, c| inverse[(r, c)].abs());
        let unit = |r: usize, c: usize| if r == c { 1.0 } else { 0.0 };
        let j = Mat::from_fn(s, s, |r, c| j[r * s + c].abs() + unit(r, c));
        let mut power = inverse * j;
        let mut logarithm = 0.0;
        for squaring in 0..SQUARINGS {
            let norm = power.norm_max() * s as f64;
            if !norm.is_finite() {
                return true;
            }
            if norm == 0.0 {
                return false;
            }
            logarithm += norm.ln() / f64::from(1 << squaring);
            power = Mat::from_fn(s, s, |r, c| power[(r, c)] / norm);
            power = &power * &power;
        }
        error.ln() + logarithm >= 0.0
    }

    /// The fixed-point index, sign det(1 - J) = sign det(-A); 0 if the matrix is singular.
    pub fn index(&self) -> i8 {
        let u = self.lu.U();
        let s = u.nrows();
        let mut negative = s % 2 == 1;
        for k in 0..s {
            let pivot = u[(k, k)];
            if pivot == 0.0 || !pivot.is_finite() {
                return 0;
            }
            negative ^= pivot < 0.0;
        }
        let (forward, _) = self.lu.P().arrays();
        if negative ^ odd(forward) { -1 } else { 1 }
    }
}

/// Whether a permutation is odd, that is, whether its length minus its number of cycles is odd.
fn odd(permutation: &[usize]) -> bool {
    let mut visited = vec![false; permutation.len()];
    let mut odd = false;
    for start in 0..permutation.len() {
        let mut index = start;
        let mut length = 0;
        while !visited[index] {
            visited[index] = true;
            index = permutation[index];
            length += 1;
        }
        odd ^= length > 0 && length % 2 == 0;
    }
    odd
}

/// The minimum-norm step that removes the component of r in the range of A, for a matrix that is
/// singular to rounding: no step along its null directions, nor along those with singular values
/// below `cutoff` times the norm of its largest row. None if rounding prevents the factorization.
pub fn minimum_norm_step(a: &[f64], r: &[f64], cutoff: f64) -> Option<Vec<f64>> {
    let (mut gram, mut factor) = (vec![0.0; a.len()], vec![0.0; a.len()]);
    let largest = a
        .chunks_exact(r.len())
        .map(squared_norm)
        .fold(0.0, f64::max);
    let mut system = DampedSystem::new(a, &mut gram, &mut factor);
    system.solve(r, cutoff * cutoff * largest).map(|(d, _)| d)
}

//! Eigenvalues and eigenvectors.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};

use super::stack::{each, none, take, whole};
use crate::base::{Error, Result};
use crate::tensor::{Tensor, values};

/// Asymmetry, relative to the largest entry, that rounding in f32 explains.
const SYMMETRY: f64 = 1e-5;

/// Eigenvalues by decreasing modulus, and the eigenvectors as columns of unit length.
pub struct Eigen {
    /// Real parts [n].
    pub re: Tensor,
    /// Imaginary parts [n].
    pub im: Tensor,
    /// Real and imaginary parts [n, n] of the right eigenvectors: A v = v lambda.
    pub right: (Tensor, Tensor),
    /// Those of the left ones: each row of L times A is lambda times that row; L is the inverse of
    /// the right ones, so that L v = 1.
    pub left: (Tensor, Tensor),
}

/// The eigenvalues and eigenvectors of square matrices. Of a pair, the one with the positive
/// imaginary part comes first.
///
/// Shapes: [.., n, n] -> [.., n] and [.., n, n]
/// Errors: `Shape`, `NotFinite`; `Algebra` if a matrix has fewer than n eigenvectors
pub fn eigen(a: &Tensor) -> Result<Eigen> {
    let parts = each("eig", a, true, |_, m| {
        let n = m.nrows();
        let found = m.eigen().map_err(|_| none("eig"))?;
        let s = found.S().column_vector();
        let order = by_modulus(&(0..n).map(|i| (s[i].re, s[i].im)).collect::<Vec<_>>());
        let right = Mat::from_fn(n, n, |i, j| found.U()[(i, order[j])]);
        let right = unit_columns(right);
        let left = right.partial_piv_lu().inverse();
        let vector = |f: &dyn Fn(usize) -> f64| (vec![n], order.iter().map(|&i| f(i)).collect());
        let matrix = |f: &dyn Fn(usize, usize) -> f64| {
            let entries = (0..n * n).map(|at| f(at / n, at % n));
            (vec![n, n], entries.collect())
        };
        Ok(vec![
            vector(&|i| s[i].re),
            vector(&|i| s[i].im),
            matrix(&|i, j| right[(i, j)].re),
            matrix(&|i, j| right[(i, j)].im),
            matrix(&|i, j| left[(i, j)].re),
            matrix(&|i, j| left[(i, j)].im),
        ])
    })?;
    let [re, im, rr, ri, lr, li] = take(parts);
    if values::doubles(&lr)?.iter().any(|x| !x.is_finite()) {
        let fact = "the matrix has fewer eigenvectors than rows (eigenvalues still exist)";
        return Err(Error::Algebra { op: "eig", fact });
    }
    Ok(Eigen {
        re,
        im,
        right: (rr, ri),
        left: (lr, li),
    })
}

/// The eigenvalues alone (real and imaginary parts), by decreasing modulus.
///
/// Shapes: [.., n, n] -> two of [.., n]
pub fn eigenvalues(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = each("eigenvalues", a, true, |_, m| {
        let found = m.eigenvalues().map_err(|_| none("eigenvalues"))?;
        let found: Vec<(f64, f64)> = found.iter().map(|z| (z.re, z.im)).collect();
        let order = by_modulus(&found);
        let n = found.len();
        let re = order.iter().map(|&i| found[i].0).collect();
        let im = order.iter().map(|&i| found[i].1).collect();
        Ok(vec![(vec![n], re), (vec![n], im)])
    })?;
    let [re, im] = take(parts);
    Ok((re, im))
}

fn by_modulus(values: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let modulus = |i: usize| values[i].0.hypot(values[i].1);
    // The two of a pair have one modulus to the last bit but for rounding: |im| decides as well.
    order.sort_by(|&i, &j| {
        modulus(j)
            .total_cmp(&modulus(i))
            .then(values[j].0.total_cmp(&values[i].0))
            .then(values[j].1.total_cmp(&values[i].1))
    });
    order
}

fn unit_columns(mut m: Mat<faer::c64>) -> Mat<faer::c64> {
    for j in 0..m.ncols() {
        let length = m.col(j).norm_l2();
        for i in 0..m.nrows() {
            m[(i, j)] /= length;
        }
    }
    m
}

/// Eigenvalues (descending) and eigenvectors (columns) of symmetric matrices.
///
/// Shapes: [.., n, n] -> [.., n] and [.., n, n]
/// Errors: `Algebra` if a matrix is not symmetric
pub fn symmetric_eigen(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = each("eigh", a, true, |_, m| {
        let n = m.nrows();
        let scale = SYMMETRY * m.norm_max();
        if (0..n).any(|i| (0..i).any(|j| (m[(i, j)] - m[(j, i)]).abs() > scale)) {
            let fact = "the matrix is not symmetric";
            return Err(Error::Algebra { op: "eigh", fact });
        }
        let found = m
            .self_adjoint_eigen(Side::Lower)
            .map_err(|_| none("eigh"))?;
        let (s, u) = (found.S().column_vector(), found.U());
        let columns = Mat::from_fn(n, n, |i, j| u[(i, n - 1 - j)]);
        Ok(vec![
            (vec![n], (0..n).map(|i| s[n - 1 - i]).collect()),
            whole(columns.as_ref()),
        ])
    })?;
    let [s, u] = take(parts);
    Ok((s, u))
}

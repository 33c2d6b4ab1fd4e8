//! Dense linear algebra with faer, over the last two axes. Computes in double precision and returns
//! the dtype of the input: the matrices are small, and accuracy of eigenvalues near 1 is essential.
//!
//! `solve`, `inverse` and `det` propagate gradients; a gradient of a factorization is an error.

use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, MatRef};

use super::custom_op::{with_gradient, without_gradient};
use super::{Precision, Tensor, arith, convert};
use crate::base::{Error, Result};
use stack::{check_matrices, entries, map_matrices, no_convergence, unpack};

pub use eigen::{Eigen, eigen, eigenvalues, symmetric_eigen};

mod eigen;
mod stack;

/// U, the singular values (descending) and V with A = U diag(s) V'.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k], [.., n, k] with k the smaller of m and n
pub fn svd(a: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let parts = map_matrices("svd", a, false, |_, m| {
        let factors = m.thin_svd().map_err(|_| no_convergence("svd"))?;
        let s = factors.S().column_vector();
        let s = (0..s.nrows()).map(|i| s[i]).collect::<Vec<_>>();
        Ok(vec![
            entries(factors.U()),
            (vec![s.len()], s),
            entries(factors.V()),
        ])
    })?;
    let [u, s, v] = unpack(parts);
    Ok((u, s, v))
}

/// The singular values (descending) and V of a matrix, without U: much faster than [`svd`] for a
/// tall matrix, and as accurate.
///
/// Shapes: [m, n] -> [k], [n, k] with k the smaller of m and n
pub fn right_singular_vectors(a: &Tensor) -> Result<(Tensor, Tensor)> {
    /// Rows per block. A fixed size, so that the result does not depend on the number of threads.
    const ROWS: usize = 2048;
    let rows = a.dims().first().copied().unwrap_or(0);
    let columns = a.dims().last().copied().unwrap_or(0);
    let chunk = ROWS.max(4 * columns);
    if rows <= chunk || a.rank() != 2 {
        let (_, s, v) = svd(a)?;
        return Ok((s, v));
    }
    // A = Q R has the singular values and the V of R; the same holds for stacked factors R.
    let full_rows = rows / chunk * chunk;
    let blocks = a
        .narrow(0, 0, full_rows)?
        .reshape((rows / chunk, chunk, columns))?;
    let stacked = triangular_factor(&blocks)?.flatten(0, 1)?;
    let rest = a.narrow(0, full_rows, rows - full_rows)?;
    right_singular_vectors(&Tensor::cat(&[&stacked, &rest.contiguous()?], 0)?)
}

/// The factor R of the QR decomposition of each matrix.
fn triangular_factor(a: &Tensor) -> Result<Tensor> {
    let [r] = unpack(map_matrices("svd", a, false, |_, m| {
        Ok(vec![entries(m.qr().thin_R())])
    })?);
    Ok(r)
}

/// Q with orthonormal columns and R upper triangular with A = Q R.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k, n] with k the smaller of m and n
pub fn qr(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = map_matrices("qr", a, false, |_, m| {
        let factors = m.qr();
        Ok(vec![
            entries(factors.compute_thin_Q().as_ref()),
            entries(factors.thin_R()),
        ])
    })?;
    let [q, r] = unpack(parts);
    Ok((q, r))
}

/// The inverse, with its gradient.
///
/// Errors: `Algebra` if a matrix is singular to working precision
pub fn inverse(a: &Tensor) -> Result<Tensor> {
    let value = inverse_value("inverse", a)?;
    let transposed = value.detach().t()?.contiguous()?;
    with_gradient("inverse", a, value, move |grad| {
        Ok(arith::matmul(&arith::matmul(&transposed, grad)?, &transposed)?.neg()?)
    })
}

fn inverse_value(op: &'static str, a: &Tensor) -> Result<Tensor> {
    let parts = map_matrices(op, &a.detach(), true, |_, m| {
        check_regular(op, m)?;
        Ok(vec![entries(m.partial_piv_lu().inverse().as_ref())])
    })?;
    let [value] = unpack(parts);
    Ok(value)
}

/// The determinant, with its gradient.
pub fn det(a: &Tensor) -> Result<Tensor> {
    let parts = map_matrices("det", &a.detach(), true, |_, m| {
        // Elimination computes 0 / 0 if the rest of a column is zero.
        let value = Some(m.determinant()).filter(|d| !d.is_nan());
        Ok(vec![(vec![], vec![value.unwrap_or(0.0)])])
    })?;
    let [value] = unpack(parts);
    let (matrix, determinant) = (a.detach(), value.detach());
    with_gradient("det", a, value, move |grad| {
        let transposed = inverse_value("gradient of det", &matrix)?.t()?;
        let scale = (grad * &determinant)?.unsqueeze(determinant.rank())?;
        arith::mul(&transposed, &scale.unsqueeze(determinant.rank() + 1)?)
    })
}

/// The solution x of A x = b, with its gradient with respect to both arguments.
///
/// Shapes: a [.., n, n], b [.., n, k] or [n] -> as b
/// Errors: `Shapes`; `Algebra` if a matrix is singular to working precision
pub fn solve(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if b.rank() == 1 {
        return Ok(solve(a, &b.unsqueeze(1)?)?.squeeze(1)?);
    }
    let dtype = arith::promote(a.dtype(), b.dtype());
    let (a, b) = (a.to_dtype(dtype)?, b.to_dtype(dtype)?);
    let x = solve_value("solve", &a, &b)?;
    let transposed = a.detach().t()?.contiguous()?;
    let backward_matrix = transposed.clone();
    let wrt_b = with_gradient("solve", &b, x.clone(), move |grad| {
        solve_value("solve", &backward_matrix, grad)
    })?;
    if !a.track_op() {
        return Ok(wrt_b);
    }
    let solution = x.detach();
    let wrt_a = with_gradient("solve", &a, x, move |grad| {
        let gradient = solve_value("solve", &transposed, grad)?;
        Ok(arith::matmul(&gradient, &solution.t()?)?.neg()?)
    })?;
    // Joins the two gradients of one value: the second term is exactly zero.
    Ok((wrt_b + (&wrt_a - wrt_a.detach())?)?)
}

fn solve_value(op: &'static str, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (n, leading) = check_pair(op, a, b, true)?;
    let k = b.dims()[b.rank() - 1];
    let right = convert::to_f64(b)?;
    let parts = map_matrices(op, &a.detach(), true, |at, m| {
        check_regular(op, m)?;
        let block = &right[at * n * k..][..n * k];
        let x = m
            .partial_piv_lu()
            .solve(MatRef::from_row_major_slice(block, n, k));
        Ok(vec![entries(x.as_ref())])
    })?;
    let [x] = unpack(parts);
    assert_eq!(x.dims()[..leading.len()], leading);
    Ok(x)
}

/// The least-squares solution x of A x = b with the smallest norm.
///
/// Shapes: a [.., m, n], b [.., m, k] or [m] -> [.., n, k] or [n]
pub fn least_squares(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let op = "lstsq";
    if b.rank() == 1 {
        return Ok(least_squares(a, &b.unsqueeze(1)?)?.squeeze(1)?);
    }
    check_pair(op, a, b, false)?;
    let x = arith::matmul(&pseudo_inverse(&a.detach())?, &b.detach())?;
    let x = without_gradient(op, a, x)?;
    let tracked = without_gradient(op, b, x.detach())?;
    Ok((&x + (&tracked - tracked.detach())?)?)
}

/// The pseudo-inverse. Singular values below eps * max(m, n) times the largest count as 0; eps is
/// that of the input dtype.
pub fn pseudo_inverse(a: &Tensor) -> Result<Tensor> {
    let eps = Precision::widest([a.dtype()]).epsilon();
    let parts = map_matrices("pinv", a, false, |_, m| {
        let factors = m.thin_svd().map_err(|_| no_convergence("pinv"))?;
        let s = factors.S().column_vector();
        let k = s.nrows();
        let min_singular = s[0] * eps * m.nrows().max(m.ncols()) as f64;
        let scale = |j: usize| if s[j] > min_singular { 1.0 / s[j] } else { 0.0 };
        let scaled = Mat::from_fn(m.ncols(), k, |i, j| factors.V()[(i, j)] * scale(j));
        Ok(vec![entries((scaled * factors.U().transpose()).as_ref())])
    })?;
    let [value] = unpack(parts);
    Ok(value)
}

/// Errors: `Shapes` unless `b` has the rows and the leading axes of `a`
fn check_pair(
    op: &'static str,
    a: &Tensor,
    b: &Tensor,
    square: bool,
) -> Result<(usize, Vec<usize>)> {
    check_matrices(op, a, square)?;
    let leading = a.rank() - 2;
    if b.rank() != a.rank() || a.dims()[..=leading] != b.dims()[..=leading] {
        let (left, right) = (a.dims().to_vec(), b.dims().to_vec());
        return Err(Error::Shapes { op, left, right });
    }
    Ok((a.dims()[leading], a.dims()[..leading].to_vec()))
}

/// Errors: `Algebra` if the matrix is singular to working precision
fn check_regular(op: &'static str, m: MatRef<'_, f64>) -> Result<()> {
    let s = m.singular_values().map_err(|_| no_convergence(op))?;
    let (Some(first), Some(last)) = (s.first(), s.last()) else {
        return Ok(());
    };
    if *last <= first * f64::EPSILON * s.len() as f64 {
        return Err(Error::Algebra {
            op,
            fact: "the matrix is singular",
        });
    }
    Ok(())
}

//! Dense linear algebra through faer, over the last two axes. It is computed in double precision
//! and given back in the kind of the input: matrices here are small, and eigenvalues near 1 decide.
//!
//! `solve`, `inverse` and `det` pass gradients; the factorisations refuse them.

use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, MatRef};

use super::joined::{with_gradient, without_gradient};
use super::{Tensor, arith, values};
use crate::base::{Error, Result};
use stack::{each, matrices, none, take, whole};

pub use eigen::{Eigen, eigen, eigenvalues, symmetric_eigen};

mod eigen;
mod stack;

/// U, the singular values (descending) and V with A = U diag(s) V'.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k], [.., n, k] with k the smaller of m and n
pub fn svd(a: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let parts = each("svd", a, false, |_, m| {
        let found = m.thin_svd().map_err(|_| none("svd"))?;
        let s = found.S().column_vector();
        let s = (0..s.nrows()).map(|i| s[i]).collect::<Vec<_>>();
        Ok(vec![whole(found.U()), (vec![s.len()], s), whole(found.V())])
    })?;
    let [u, s, v] = take(parts);
    Ok((u, s, v))
}

/// The singular values (descending) and V of a matrix, without U: of a long one far cheaper than
/// [`svd`], and as exact.
///
/// Shapes: [m, n] -> [k], [n, k] with k the smaller of m and n
pub fn right_singular(a: &Tensor) -> Result<(Tensor, Tensor)> {
    /// Rows that are reduced at once. Their number, not that of threads, divides the work.
    const ROWS: usize = 2048;
    let rows = a.dims().first().copied().unwrap_or(0);
    let columns = a.dims().last().copied().unwrap_or(0);
    let chunk = ROWS.max(4 * columns);
    if rows <= chunk || a.rank() != 2 {
        let (_, s, v) = svd(a)?;
        return Ok((s, v));
    }
    // A = Q R has the singular values and the V of R; so has a stack of such R.
    let whole = rows / chunk * chunk;
    let blocks = a
        .narrow(0, 0, whole)?
        .reshape((rows / chunk, chunk, columns))?;
    let stacked = triangle(&blocks)?.flatten(0, 1)?;
    let rest = a.narrow(0, whole, rows - whole)?;
    right_singular(&Tensor::cat(&[&stacked, &rest.contiguous()?], 0)?)
}

/// R of the QR decomposition of each matrix.
fn triangle(a: &Tensor) -> Result<Tensor> {
    let [r] = take(each("svd", a, false, |_, m| {
        Ok(vec![whole(m.qr().thin_R())])
    })?);
    Ok(r)
}

/// Q with orthonormal columns and R upper triangular with A = Q R.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k, n] with k the smaller of m and n
pub fn qr(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = each("qr", a, false, |_, m| {
        let found = m.qr();
        Ok(vec![
            whole(found.compute_thin_Q().as_ref()),
            whole(found.thin_R()),
        ])
    })?;
    let [q, r] = take(parts);
    Ok((q, r))
}

/// The inverse, with its gradient.
///
/// Errors: `Algebra` if a matrix is singular to working precision
pub fn inverse(a: &Tensor) -> Result<Tensor> {
    let value = plain_inverse("inverse", a)?;
    let turned = value.detach().t()?.contiguous()?;
    with_gradient("inverse", a, value, move |grad| {
        Ok(arith::matmul(&arith::matmul(&turned, grad)?, &turned)?.neg()?)
    })
}

fn plain_inverse(op: &'static str, a: &Tensor) -> Result<Tensor> {
    let parts = each(op, &a.detach(), true, |_, m| {
        regular(op, m)?;
        Ok(vec![whole(m.partial_piv_lu().inverse().as_ref())])
    })?;
    let [value] = take(parts);
    Ok(value)
}

/// The determinant, with its gradient.
pub fn det(a: &Tensor) -> Result<Tensor> {
    let parts = each("det", &a.detach(), true, |_, m| {
        // Elimination divides 0 by 0 where a column has nothing left.
        let found = Some(m.determinant()).filter(|d| !d.is_nan());
        Ok(vec![(vec![], vec![found.unwrap_or(0.0)])])
    })?;
    let [value] = take(parts);
    let (matrix, found) = (a.detach(), value.detach());
    with_gradient("det", a, value, move |grad| {
        let turned = plain_inverse("gradient of det", &matrix)?.t()?;
        let scale = (grad * &found)?.unsqueeze(found.rank())?;
        arith::mul(&turned, &scale.unsqueeze(found.rank() + 1)?)
    })
}

/// x with A x = b, with its gradient towards both.
///
/// Shapes: a [.., n, n], b [.., n, k] or [n] -> as b
/// Errors: `Shapes`; `Algebra` if a matrix is singular to working precision
pub fn solve(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if b.rank() == 1 {
        return Ok(solve(a, &b.unsqueeze(1)?)?.squeeze(1)?);
    }
    let dtype = arith::meet(a.dtype(), b.dtype());
    let (a, b) = (a.to_dtype(dtype)?, b.to_dtype(dtype)?);
    let x = plain_solve("solve", &a, &b)?;
    let turned = a.detach().t()?.contiguous()?;
    let back = turned.clone();
    let towards_b = with_gradient("solve", &b, x.clone(), move |grad| {
        plain_solve("solve", &back, grad)
    })?;
    if !a.track_op() {
        return Ok(towards_b);
    }
    let fixed = x.detach();
    let towards_a = with_gradient("solve", &a, x, move |grad| {
        let slope = plain_solve("solve", &turned, grad)?;
        Ok(arith::matmul(&slope, &fixed.t()?)?.neg()?)
    })?;
    // One value, two ways back: the second one adds exactly zero.
    Ok((towards_b + (&towards_a - towards_a.detach())?)?)
}

fn plain_solve(op: &'static str, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (n, lead) = pair(op, a, b, true)?;
    let k = b.dims()[b.rank() - 1];
    let right = values::doubles(b)?;
    let parts = each(op, &a.detach(), true, |at, m| {
        regular(op, m)?;
        let block = &right[at * n * k..][..n * k];
        let x = m
            .partial_piv_lu()
            .solve(MatRef::from_row_major_slice(block, n, k));
        Ok(vec![whole(x.as_ref())])
    })?;
    let [x] = take(parts);
    debug_assert_eq!(x.dims()[..lead.len()], lead);
    Ok(x)
}

/// The x for which A x is closest to b; of several, the shortest.
///
/// Shapes: a [.., m, n], b [.., m, k] or [m] -> [.., n, k] or [n]
pub fn least_squares(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let op = "lstsq";
    if b.rank() == 1 {
        return Ok(least_squares(a, &b.unsqueeze(1)?)?.squeeze(1)?);
    }
    pair(op, a, b, false)?;
    let x = arith::matmul(&pseudo_inverse(&a.detach())?, &b.detach())?;
    let x = without_gradient(op, a, x)?;
    let tracked = without_gradient(op, b, x.detach())?;
    Ok((&x + (&tracked - tracked.detach())?)?)
}

/// The pseudo-inverse. Singular values below eps * max(m, n) of the largest count as 0, with the
/// eps of the input's kind of number.
pub fn pseudo_inverse(a: &Tensor) -> Result<Tensor> {
    let eps = match a.dtype() {
        super::DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    };
    let parts = each("pinv", a, false, |_, m| {
        let found = m.thin_svd().map_err(|_| none("pinv"))?;
        let s = found.S().column_vector();
        let k = s.nrows();
        let least = s[0] * eps * m.nrows().max(m.ncols()) as f64;
        let scale = |j: usize| if s[j] > least { 1.0 / s[j] } else { 0.0 };
        let scaled = Mat::from_fn(m.ncols(), k, |i, j| found.V()[(i, j)] * scale(j));
        Ok(vec![whole((scaled * found.U().transpose()).as_ref())])
    })?;
    let [value] = take(parts);
    Ok(value)
}

/// Errors: `Shapes` unless `b` has the rows and the leading axes of `a`.
fn pair(op: &'static str, a: &Tensor, b: &Tensor, square: bool) -> Result<(usize, Vec<usize>)> {
    matrices(op, a, square)?;
    let lead = a.rank() - 2;
    if b.rank() != a.rank() || a.dims()[..=lead] != b.dims()[..=lead] {
        let (left, right) = (a.dims().to_vec(), b.dims().to_vec());
        return Err(Error::Shapes { op, left, right });
    }
    Ok((a.dims()[lead], a.dims()[..lead].to_vec()))
}

/// Errors: `Algebra` if the matrix is singular to working precision.
fn regular(op: &'static str, m: MatRef<'_, f64>) -> Result<()> {
    let s = m.singular_values().map_err(|_| none(op))?;
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

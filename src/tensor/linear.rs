//! Dense linear algebra through faer, over the last two axes. It is computed in double precision
//! and given back in the kind of the input: matrices here are small, and eigenvalues near 1 decide.
//!
//! `solve`, `inverse` and `det` pass gradients; the factorisations refuse them.

use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, MatRef, Side};

use super::joined::{with_gradient, without_gradient};
use super::{Tensor, arith, values};
use crate::base::{Error, Result};

/// One result for one matrix.
type Part = (Vec<usize>, Vec<f64>);

/// Asymmetry, relative to the largest entry, that rounding in f32 explains.
const SYMMETRY: f64 = 1e-5;

/// Where the largest entry must lie: beyond, squares leave the range of a double unnoticed.
const SIZES: std::ops::RangeInclusive<f64> = 1e-100..=1e150;

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
    let parts = each("eig", a, true, |m| {
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
    let parts = each("eigenvalues", a, true, |m| {
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
    let parts = each("eigh", a, true, |m| {
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

/// U, the singular values (descending) and V with A = U diag(s) V'.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k], [.., n, k] with k the smaller of m and n
pub fn svd(a: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let parts = each("svd", a, false, |m| {
        let found = m.thin_svd().map_err(|_| none("svd"))?;
        let s = found.S().column_vector();
        let s = (0..s.nrows()).map(|i| s[i]).collect::<Vec<_>>();
        Ok(vec![whole(found.U()), (vec![s.len()], s), whole(found.V())])
    })?;
    let [u, s, v] = take(parts);
    Ok((u, s, v))
}

/// Q with orthonormal columns and R upper triangular with A = Q R.
///
/// Shapes: [.., m, n] -> [.., m, k], [.., k, n] with k the smaller of m and n
pub fn qr(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = each("qr", a, false, |m| {
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
    let parts = each(op, &a.detach(), true, |m| {
        regular(op, m)?;
        Ok(vec![whole(m.partial_piv_lu().inverse().as_ref())])
    })?;
    let [value] = take(parts);
    Ok(value)
}

/// The determinant, with its gradient.
pub fn det(a: &Tensor) -> Result<Tensor> {
    let parts = each("det", &a.detach(), true, |m| {
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
    let mut blocks = right.chunks(n * k);
    let parts = each(op, &a.detach(), true, |m| {
        regular(op, m)?;
        let block = blocks.next().expect("as many right sides as matrices");
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
    let parts = each("pinv", a, false, |m| {
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

/// Errors: `Shape` unless the last two axes are matrices (square ones, if asked).
fn matrices(op: &'static str, a: &Tensor, square: bool) -> Result<()> {
    let fits = match a.dims() {
        [.., m, n] => !square || m == n,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(Error::Shape {
        op,
        what: ["a matrix", "a square matrix"][usize::from(square)],
        expected: if square { "[.., n, n]" } else { "[.., m, n]" }.into(),
        found: a.dims().to_vec(),
    })
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

fn none(op: &'static str) -> Error {
    let fact = "the iteration did not converge";
    Error::Algebra { op, fact }
}

/// The entries of a matrix, row-major.
fn whole(m: MatRef<'_, f64>) -> Part {
    let entries = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| m[(i, j)]));
    (vec![m.nrows(), m.ncols()], entries.collect())
}

/// `f` of each matrix over the leading axes; each of its results with those axes before its own.
/// Gradients through the results are refused.
fn each(
    op: &'static str,
    a: &Tensor,
    square: bool,
    mut f: impl FnMut(MatRef<'_, f64>) -> Result<Vec<Part>>,
) -> Result<Vec<Tensor>> {
    matrices(op, a, square)?;
    let numbers = values::doubles(a)?;
    if let Some(index) = numbers.iter().position(|x| !x.is_finite()) {
        let (what, found) = ("the matrix".into(), numbers[index]);
        return Err(Error::NotFinite {
            of: op,
            what,
            found,
            index,
        });
    }
    let (lead, size) = a.dims().split_at(a.rank() - 2);
    if numbers.is_empty() {
        return Err(Error::Algebra {
            op,
            fact: "the matrix is empty",
        });
    }
    let largest = numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest != 0.0 && !SIZES.contains(&largest) {
        let fact = "the numbers are too small or too large: scale the matrix to about 1";
        return Err(Error::Algebra { op, fact });
    }
    let mut joined: Vec<Part> = Vec::new();
    for block in numbers.chunks(size[0] * size[1]) {
        let parts = f(MatRef::from_row_major_slice(block, size[0], size[1]))?;
        if joined.is_empty() {
            joined = parts;
            continue;
        }
        for (all, part) in joined.iter_mut().zip(parts) {
            all.1.extend(part.1);
        }
    }
    let dtype = super::joined::real(a)?.dtype();
    let tensor = |(shape, numbers): Part| {
        let value = values::of(numbers, &[lead, &shape].concat(), dtype)?;
        without_gradient(op, a, value)
    };
    joined.into_iter().map(tensor).collect()
}

fn take<const N: usize>(parts: Vec<Tensor>) -> [Tensor; N] {
    parts
        .try_into()
        .expect("as many results as the function gives for each matrix")
}

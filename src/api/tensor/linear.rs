//! Linear algebra over the last two axes, computed internally in double precision.

use super::args::{Operand, Receiver};
use crate::api::convert::tensor_map;
use crate::api::value::Map;
use crate::base::Error;
use crate::tensor::{Tensor, convert, linear};

crate::natives! {
    /// Linear algebra.
    module "";

    /// The eigenvalues and eigenvectors of a square matrix, ordered by decreasing modulus, as a
    /// map.
    ///
    /// Entries: `re` and `im` (eigenvalues); `right_re` and `right_im` (right eigenvectors, as
    /// columns); `left_re` and `left_im` (left eigenvectors, as rows: the inverse of the matrix of
    /// right eigenvectors). For each matrix: `condition` (the norm of the longest left
    /// eigenvector), `repeated` (1 if two eigenvalues are equal up to rounding, in which case their
    /// eigenvectors are not unique) and `defective` (1 if two eigenvectors are parallel up to
    /// rounding).
    ///
    /// A matrix without a complete set of eigenvectors is an error; `eigenvalues` still works for
    /// it.
    ///
    /// > tensor([[0, -2], [2, 0]]).eig().im
    /// = tensor [2] f32 [2, -2]
    fn eig(this: Tensor) -> Map {
        let eigen = linear::eigen(&this)?;
        if convert::to_f64(&eigen.condition)?.contains(&f64::INFINITY) {
            let fact = "a matrix has fewer eigenvectors than rows (eigenvalues still exist)";
            return Err(Error::Algebra { op: "eig", fact }.into());
        }
        Ok(tensor_map([
            ("re", eigen.re),
            ("im", eigen.im),
            ("right_re", eigen.right.0),
            ("right_im", eigen.right.1),
            ("left_re", eigen.left.0),
            ("left_im", eigen.left.1),
            ("condition", eigen.condition),
            ("repeated", eigen.repeated),
            ("defective", eigen.defective),
        ]))
    }

    /// The eigenvalues of a square matrix, ordered by decreasing modulus, as a map of `re` and
    /// `im`.
    ///
    /// > tensor([[1, 5], [0, -3]]).eigenvalues().re
    /// = tensor [2] f32 [-3, 1]
    fn eigenvalues(this: Tensor) -> Map {
        let (re, im) = linear::eigenvalues(&this)?;
        Ok(tensor_map([("re", re), ("im", im)]))
    }

    /// The eigenvalues (descending) and eigenvectors (as columns) of a symmetric matrix, as a map
    /// of `values` and `vectors`.
    ///
    /// > tensor([[2, 1], [1, 2]]).eigh().values
    /// = tensor [2] f32 [3, 1]
    fn eigh(this: Tensor) -> Map {
        let (values, vectors) = linear::symmetric_eigen(&this)?;
        Ok(tensor_map([("values", values), ("vectors", vectors)]))
    }

    /// The singular value decomposition u diag(s) v', as a map of `u`, `s` (descending) and `v`.
    ///
    /// > tensor([[0, 3], [2, 0]]).svd().s
    /// = tensor [2] f32 [3, 2]
    fn svd(this: Tensor) -> Map {
        let (u, s, v) = linear::svd(&this)?;
        Ok(tensor_map([("u", u), ("s", s), ("v", v)]))
    }

    /// The QR decomposition, as a map of `q` (orthonormal columns) and `r` (upper triangular).
    ///
    /// > tensor([[3, 0], [4, 5]]).qr().r.shape()
    /// = [2, 2]
    fn qr(this: Tensor) -> Map {
        let (q, r) = linear::qr(&this)?;
        Ok(tensor_map([("q", q), ("r", r)]))
    }

    /// The solution x of the linear system A x = `b`, where A is this square matrix.
    ///
    /// > tensor([[2, 0], [0, 4]]).solve(tensor([2, 2]))
    /// = tensor [2] f32 [1, 0.5]
    fn solve(this: Receiver, b: Operand) -> Tensor {
        let (this, b) = this.0.to_tensors(&b)?;
        Ok(linear::solve(&this, &b)?)
    }

    /// The least-squares solution x of A x = `b`, where A is this matrix.
    ///
    /// If the solution is not unique, the one with the smallest norm is returned.
    ///
    /// > tensor([[1], [1]]).lstsq(tensor([1, 3]))
    /// = tensor [1] f32 [2]
    fn lstsq(this: Receiver, b: Operand) -> Tensor {
        let (this, b) = this.0.to_tensors(&b)?;
        Ok(linear::least_squares(&this, &b).map_err(|error| error.within("lstsq"))?)
    }

    /// The inverse of a square matrix.
    ///
    /// > tensor([[2, 0], [0, 4]]).inverse()
    /// = tensor [2, 2] f32 [[0.5, 0], [0, 0.25]]
    fn inverse(this: Tensor) -> Tensor { Ok(linear::inverse(&this)?) }

    /// The Moore-Penrose pseudo-inverse of a matrix.
    ///
    /// > tensor([[2, 0], [0, 0]]).pinv()
    /// = tensor [2, 2] f32 [[0.5, 0], [0, 0]]
    fn pinv(this: Tensor) -> Tensor { Ok(linear::pseudo_inverse(&this)?) }

    /// The determinant of a square matrix.
    ///
    /// > tensor([[2, 0], [0, 4]]).det()
    /// = 8.0
    fn det(this: Tensor) -> Tensor { Ok(linear::det(&this)?) }
}

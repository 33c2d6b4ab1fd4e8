//! Eigenvalues and eigenvectors.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, MatRef, Side, c64};

use super::stack::{entries, map_matrices, no_convergence, unpack};
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// Maximum asymmetry relative to the largest entry; f32 rounding stays below it.
const SYMMETRY_TOLERANCE: f64 = 1e-5;

/// Maximum norm of a left eigenvector, for right eigenvectors of norm 1: rounding errors dominate
/// larger ones.
const MAX_LEFT_NORM: f64 = 1e8;
/// Minimum norm of the left eigenvectors of nearly parallel right eigenvectors.
const DEFECTIVE_LEFT_NORM: f64 = 1e4;
/// Number of rounding errors of the matrix that may affect a computed eigenvalue.
const MAX_ROUNDING_ERRORS: f64 = 10.0;

/// Eigenvalues by decreasing modulus, and the eigenvectors as columns of unit norm.
pub struct Eigen {
    /// Real parts [.., n].
    pub re: Tensor,
    /// Imaginary parts [.., n].
    pub im: Tensor,
    /// Real and imaginary parts [.., n, n] of the right eigenvectors: A v = v lambda. NaN if the
    /// matrix has fewer than n eigenvectors.
    pub right: (Tensor, Tensor),
    /// Real and imaginary parts of the left eigenvectors, the rows of L: L A = lambda L. L is the
    /// inverse of the matrix of right eigenvectors, so that L v = 1.
    pub left: (Tensor, Tensor),
    /// The largest norm of a left eigenvector [..], which bounds the sensitivity of the eigenvalues
    /// to changes of the matrix. Infinite if eigenvectors are missing.
    pub condition: Tensor,
    /// 1 if eigenvectors are missing or are parallel within rounding errors [..].
    pub defective: Tensor,
    /// 1 if two eigenvalues are equal within rounding errors [..]: their eigenvectors are not
    /// unique.
    pub repeated: Tensor,
}

/// Eigenvalues and eigenvectors of one matrix.
struct Spectrum {
    values: Vec<c64>,
    right: Mat<c64>,
    left: Mat<c64>,
}

/// The eigenvalues and eigenvectors of square matrices. In a conjugate pair, the eigenvalue with
/// the positive imaginary part comes first; the eigenvectors of the second are the conjugates of
/// those of the first.
///
/// Shapes: [.., n, n] -> [.., n] and [.., n, n]
/// Errors: `Shape`, `NotFinite`; `Algebra` for entries that are too small or too large
pub fn eigen(a: &Tensor) -> Result<Eigen> {
    let parts = map_matrices("eig", a, true, |_, m| {
        let n = m.nrows();
        let factors = Spectrum::of(m)?;
        let (condition, defective, repeated) = factors.condition(m.norm_l2());
        let vector = |f: &dyn Fn(&c64) -> f64| (vec![n], factors.values.iter().map(f).collect());
        let matrix = |of: &Mat<c64>, f: &dyn Fn(c64) -> f64| {
            let entries = (0..n * n).map(|at| f(of[(at / n, at % n)]));
            (vec![n, n], entries.collect())
        };
        let flag = |is: bool| (vec![], vec![f64::from(u8::from(is))]);
        Ok(vec![
            vector(&|z| z.re),
            vector(&|z| z.im),
            matrix(&factors.right, &|z| z.re),
            matrix(&factors.right, &|z| z.im),
            matrix(&factors.left, &|z| z.re),
            matrix(&factors.left, &|z| z.im),
            (vec![], vec![condition]),
            flag(defective),
            flag(repeated),
        ])
    })?;
    let [re, im, rr, ri, lr, li, condition, defective, repeated] = unpack(parts);
    Ok(Eigen {
        re,
        im,
        right: (rr, ri),
        left: (lr, li),
        condition,
        defective,
        repeated,
    })
}

/// The eigenvalues (real and imaginary parts), by decreasing modulus.
///
/// Shapes: [.., n, n] -> two of [.., n]
pub fn eigenvalues(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = map_matrices("eigenvalues", a, true, |_, m| {
        let factors = m.eigenvalues().map_err(|_| no_convergence("eigenvalues"))?;
        let order = by_modulus(&factors);
        let n = factors.len();
        let re = order.iter().map(|&i| factors[i].re).collect();
        let im = order.iter().map(|&i| factors[i].im).collect();
        Ok(vec![(vec![n], re), (vec![n], im)])
    })?;
    let [re, im] = unpack(parts);
    Ok((re, im))
}

impl Spectrum {
    /// Errors: `Algebra` if the iteration does not converge
    fn of(m: MatRef<'_, f64>) -> Result<Spectrum> {
        let n = m.nrows();
        let factors = m.eigen().map_err(|_| no_convergence("eig"))?;
        let s = factors.S().column_vector();
        let values: Vec<c64> = (0..n).map(|i| s[i]).collect();
        let order = by_modulus(&values);
        let values: Vec<c64> = order.iter().map(|&i| values[i]).collect();
        // One real matrix represents all eigenvectors: the columns of a conjugate pair are its real
        // and imaginary part.
        let pairs = pairs(&values);
        let mut real = Mat::from_fn(n, n, |i, j| {
            let z = factors.U()[(i, order[j])];
            match pairs[j] {
                Some(false) => factors.U()[(i, order[j - 1])].im,
                _ => z.re,
            }
        });
        scale(&mut real, &pairs);
        let inverse = real.partial_piv_lu().inverse();
        let mut spectrum = Spectrum {
            values,
            right: Mat::from_fn(n, n, |i, j| match pairs[j] {
                None => c64::new(real[(i, j)], 0.0),
                Some(true) => c64::new(real[(i, j)], real[(i, j + 1)]),
                Some(false) => c64::new(real[(i, j - 1)], -real[(i, j)]),
            }),
            left: Mat::from_fn(n, n, |i, j| match pairs[i] {
                None => c64::new(inverse[(i, j)], 0.0),
                Some(true) => c64::new(inverse[(i, j)] / 2.0, -inverse[(i + 1, j)] / 2.0),
                Some(false) => c64::new(inverse[(i - 1, j)] / 2.0, inverse[(i, j)] / 2.0),
            }),
        };
        let finite = |m: &Mat<f64>| (0..n).all(|j| m.col(j).iter().all(|x| x.is_finite()));
        if !finite(&inverse) {
            let missing = Mat::from_fn(n, n, |_, _| c64::new(f64::NAN, f64::NAN));
            (spectrum.right, spectrum.left) = (missing.clone(), missing);
        }
        Ok(spectrum)
    }

    /// The largest norm of a left eigenvector; whether eigenvectors are missing; whether
    /// eigenvalues repeat. `size` is the norm of the matrix.
    fn condition(&self, size: f64) -> (f64, bool, bool) {
        let n = self.values.len();
        let length = |k: usize| match self.left.row(k).norm_l2() {
            missing if missing.is_nan() => f64::INFINITY,
            length => length,
        };
        let lengths: Vec<f64> = (0..n).map(length).collect();
        let condition = lengths.iter().copied().fold(0.0, f64::max);
        let (mut defective, mut repeated) = (condition > MAX_LEFT_NORM, false);
        for (i, z) in self.values.iter().enumerate() {
            let others = (0..n).filter(|j| *j != i);
            let gap = others
                .map(|j| (self.values[j] - z).norm())
                .fold(f64::INFINITY, f64::min);
            if gap <= MAX_ROUNDING_ERRORS * f64::EPSILON * size * lengths[i] {
                repeated = true;
                defective |= lengths[i] > DEFECTIVE_LEFT_NORM;
            }
        }
        (condition, defective, repeated)
    }
}

/// Indices by decreasing modulus. A conjugate pair stays together, with the positive imaginary part
/// first, even if another pair is equal to it.
fn by_modulus(values: &[c64]) -> Vec<usize> {
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut at = 0;
    while at < values.len() {
        let (z, next) = (values[at], values.get(at + 1));
        let pair = z.im != 0.0 && next.is_some_and(|next| *next == z.conj());
        blocks.push(match (pair, z.im > 0.0) {
            (false, _) => vec![at],
            (true, true) => vec![at, at + 1],
            (true, false) => vec![at + 1, at],
        });
        at += 1 + usize::from(pair);
    }
    let first = |block: &[usize]| values[block[0]];
    blocks.sort_by(|a, b| {
        let (a, b) = (first(a), first(b));
        let larger = b.re.hypot(b.im).total_cmp(&a.re.hypot(a.im));
        larger
            .then(b.re.total_cmp(&a.re))
            .then(b.im.total_cmp(&a.im))
    });
    blocks.concat()
}

/// For each eigenvalue, `None` if it is real, otherwise whether it is the first of its pair.
fn pairs(ordered: &[c64]) -> Vec<Option<bool>> {
    let mut pairs = vec![None; ordered.len()];
    let mut at = 0;
    while at < ordered.len() {
        if ordered[at].im != 0.0 && at + 1 < ordered.len() {
            (pairs[at], pairs[at + 1]) = (Some(true), Some(false));
            at += 1;
        }
        at += 1;
    }
    pairs
}

/// Normalizes each eigenvector: a column, or the two columns of a pair together.
fn scale(real: &mut Mat<f64>, pairs: &[Option<bool>]) {
    for (j, pair) in pairs.iter().enumerate() {
        let columns = match pair {
            None => j..j + 1,
            Some(true) => j..j + 2,
            Some(false) => continue,
        };
        let length = columns
            .clone()
            .map(|j| real.col(j).norm_l2())
            .fold(0.0, f64::hypot);
        for j in columns {
            real.col_mut(j).iter_mut().for_each(|x| *x /= length);
        }
    }
}

/// Eigenvalues (descending) and eigenvectors (columns) of symmetric matrices.
///
/// Shapes: [.., n, n] -> [.., n] and [.., n, n]
/// Errors: `Algebra` if a matrix is not symmetric
pub fn symmetric_eigen(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = map_matrices("eigh", a, true, |_, m| {
        let n = m.nrows();
        let scale = SYMMETRY_TOLERANCE * m.norm_max();
        if (0..n).any(|i| (0..i).any(|j| (m[(i, j)] - m[(j, i)]).abs() > scale)) {
            let fact = "the matrix is not symmetric";
            return Err(Error::Algebra { op: "eigh", fact });
        }
        let factors = m
            .self_adjoint_eigen(Side::Lower)
            .map_err(|_| no_convergence("eigh"))?;
        let (s, u) = (factors.S().column_vector(), factors.U());
        let columns = Mat::from_fn(n, n, |i, j| u[(i, n - 1 - j)]);
        Ok(vec![
            (vec![n], (0..n).map(|i| s[n - 1 - i]).collect()),
            entries(columns.as_ref()),
        ])
    })?;
    let [s, u] = unpack(parts);
    Ok((s, u))
}

//! Eigenvalues and eigenvectors.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, MatRef, Side, c64};

use super::stack::{each, none, take, whole};
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// Asymmetry, relative to the largest entry, that rounding in f32 explains.
const SYMMETRY: f64 = 1e-5;

/// Of left eigenvectors longer than this, the right ones having length 1, nothing is left after
/// rounding.
const LOST: f64 = 1e8;
/// Left eigenvectors at least so long belong to eigenvectors that nearly coincide.
const LONG: f64 = 1e4;
/// Roundings of the matrix that an eigenvalue computed from it may feel.
const ROUNDINGS: f64 = 10.0;

/// Eigenvalues by decreasing modulus, and the eigenvectors as columns of unit length.
pub struct Eigen {
    /// Real parts [.., n].
    pub re: Tensor,
    /// Imaginary parts [.., n].
    pub im: Tensor,
    /// Real and imaginary parts [.., n, n] of the right eigenvectors: A v = v lambda. NaN where
    /// there are fewer than rows.
    pub right: (Tensor, Tensor),
    /// Those of the left ones: each row of L times A is lambda times that row; L is the inverse of
    /// the right ones, so that L v = 1.
    pub left: (Tensor, Tensor),
    /// The largest length of a left eigenvector [..]: how much more than the matrix the eigenvalues
    /// may change. Infinite where eigenvectors are missing.
    pub condition: Tensor,
    /// 1 where eigenvectors are missing, or coincide as far as rounding lets one tell [..].
    pub defective: Tensor,
    /// 1 where two eigenvalues are equal as far as rounding lets one tell [..]: their eigenvectors
    /// are one choice of many.
    pub repeated: Tensor,
}

/// The same of one matrix.
struct Spectrum {
    values: Vec<c64>,
    right: Mat<c64>,
    left: Mat<c64>,
}

/// The eigenvalues and eigenvectors of square matrices. Of a pair, the one with the positive
/// imaginary part comes first; the vectors of the other are the conjugates of its own.
///
/// Shapes: [.., n, n] -> [.., n] and [.., n, n]
/// Errors: `Shape`, `NotFinite`; `Algebra` for numbers that are too small or too large
pub fn eigen(a: &Tensor) -> Result<Eigen> {
    let parts = each("eig", a, true, |_, m| {
        let n = m.nrows();
        let found = Spectrum::of(m)?;
        let (condition, defective, repeated) = found.judge(m.norm_l2());
        let vector = |f: &dyn Fn(&c64) -> f64| (vec![n], found.values.iter().map(f).collect());
        let matrix = |of: &Mat<c64>, f: &dyn Fn(c64) -> f64| {
            let entries = (0..n * n).map(|at| f(of[(at / n, at % n)]));
            (vec![n, n], entries.collect())
        };
        let flag = |is: bool| (vec![], vec![f64::from(u8::from(is))]);
        Ok(vec![
            vector(&|z| z.re),
            vector(&|z| z.im),
            matrix(&found.right, &|z| z.re),
            matrix(&found.right, &|z| z.im),
            matrix(&found.left, &|z| z.re),
            matrix(&found.left, &|z| z.im),
            (vec![], vec![condition]),
            flag(defective),
            flag(repeated),
        ])
    })?;
    let [re, im, rr, ri, lr, li, condition, defective, repeated] = take(parts);
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

/// The eigenvalues alone (real and imaginary parts), by decreasing modulus.
///
/// Shapes: [.., n, n] -> two of [.., n]
pub fn eigenvalues(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let parts = each("eigenvalues", a, true, |_, m| {
        let found = m.eigenvalues().map_err(|_| none("eigenvalues"))?;
        let order = by_modulus(&found);
        let n = found.len();
        let re = order.iter().map(|&i| found[i].re).collect();
        let im = order.iter().map(|&i| found[i].im).collect();
        Ok(vec![(vec![n], re), (vec![n], im)])
    })?;
    let [re, im] = take(parts);
    Ok((re, im))
}

impl Spectrum {
    /// Errors: `Algebra` if the iteration does not converge
    fn of(m: MatRef<'_, f64>) -> Result<Spectrum> {
        let n = m.nrows();
        let found = m.eigen().map_err(|_| none("eig"))?;
        let s = found.S().column_vector();
        let values: Vec<c64> = (0..n).map(|i| s[i]).collect();
        let order = by_modulus(&values);
        let values: Vec<c64> = order.iter().map(|&i| values[i]).collect();
        // One real matrix says all: of a pair, its columns are the real and the imaginary part.
        let pairs = pairs(&values);
        let mut real = Mat::from_fn(n, n, |i, j| {
            let z = found.U()[(i, order[j])];
            match pairs[j] {
                Some(false) => found.U()[(i, order[j - 1])].im,
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

    /// The length of the longest left eigenvector; whether eigenvectors are missing; whether
    /// eigenvalues repeat. `size` is the norm of the matrix.
    fn judge(&self, size: f64) -> (f64, bool, bool) {
        let n = self.values.len();
        let length = |k: usize| match self.left.row(k).norm_l2() {
            missing if missing.is_nan() => f64::INFINITY,
            length => length,
        };
        let lengths: Vec<f64> = (0..n).map(length).collect();
        let condition = lengths.iter().copied().fold(0.0, f64::max);
        let (mut defective, mut repeated) = (condition > LOST, false);
        for (i, z) in self.values.iter().enumerate() {
            let others = (0..n).filter(|j| *j != i);
            let gap = others
                .map(|j| (self.values[j] - z).norm())
                .fold(f64::INFINITY, f64::min);
            if gap <= ROUNDINGS * f64::EPSILON * size * lengths[i] {
                repeated = true;
                defective |= lengths[i] > LONG;
            }
        }
        (condition, defective, repeated)
    }
}

/// Places by decreasing modulus. The two of a pair stay together, the one with the positive
/// imaginary part first, even where another pair is equal to them.
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

/// For each value none if it is real, else whether it is the first of its pair.
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

/// Gives each vector the length 1: a column, or the two columns of a pair together.
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

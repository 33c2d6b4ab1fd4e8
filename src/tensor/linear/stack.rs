//! Applies a function of one matrix to a batch of matrices.

use faer::MatRef;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use crate::base::{Error, Result};
use crate::tensor::custom_op::without_gradient;
use crate::tensor::{Tensor, convert};

/// One result for one matrix: shape and elements.
pub type MatrixResult = (Vec<usize>, Vec<f64>);

/// Valid range of the largest entry: outside it, squares overflow or underflow silently.
const VALID_MAGNITUDES: std::ops::RangeInclusive<f64> = 1e-100..=1e150;

/// Errors: `Shape` unless the last two axes are matrices (square matrices if `square`)
pub fn check_matrices(op: &'static str, a: &Tensor, square: bool) -> Result<()> {
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

/// The error of an iteration that did not converge.
pub fn no_convergence(op: &'static str) -> Error {
    let fact = "the iteration did not converge";
    Error::Algebra { op, fact }
}

/// The entries of a matrix, row-major.
pub fn entries(m: MatRef<'_, f64>) -> MatrixResult {
    let entries = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| m[(i, j)]));
    (vec![m.nrows(), m.ncols()], entries.collect())
}

/// Applies `f` to each matrix of a batch. Each result has the leading axes of `a` before its own
/// axes. Computing a gradient through the results is an error.
pub fn map_matrices(
    op: &'static str,
    a: &Tensor,
    square: bool,
    f: impl Fn(usize, MatRef<'_, f64>) -> Result<Vec<MatrixResult>> + Sync,
) -> Result<Vec<Tensor>> {
    check_matrices(op, a, square)?;
    let elements = convert::to_f64(a)?;
    check_elements(op, &elements)?;
    let (leading, size) = a.dims().split_at(a.rank() - 2);
    // faer reads its number of threads from a global variable. One thread per matrix: the matrices
    // of a batch run in parallel, and the result does not depend on the number of threads.
    faer::set_global_parallelism(faer::Par::Seq);
    let results: Result<Vec<Vec<MatrixResult>>> = elements
        .par_chunks(size[0] * size[1])
        .enumerate()
        .map(|(at, block)| f(at, MatRef::from_row_major_slice(block, size[0], size[1])))
        .collect();
    let mut results = results?.into_iter();
    let mut batched = results.next().unwrap_or_default();
    for parts in results {
        for (all, part) in batched.iter_mut().zip(parts) {
            all.1.extend(part.1);
        }
    }
    let dtype = crate::tensor::custom_op::to_float(a)?.dtype();
    let tensor = |(shape, elements): MatrixResult| {
        let value = convert::from_f64(elements, &[leading, &shape].concat(), dtype)?;
        without_gradient(op, a, value)
    };
    batched.into_iter().map(tensor).collect()
}

pub fn unpack<const N: usize>(parts: Vec<Tensor>) -> [Tensor; N] {
    parts
        .try_into()
        .expect("the function returns N results for each matrix")
}

/// Errors: `NotFinite`; `Algebra` if there are no elements or if the largest is outside
/// [`VALID_MAGNITUDES`]
fn check_elements(op: &'static str, elements: &[f64]) -> Result<()> {
    if let Some(index) = elements.iter().position(|x| !x.is_finite()) {
        let (what, found) = ("the matrix".into(), elements[index]);
        return Err(Error::NotFinite {
            of: op,
            what,
            found,
            index,
        });
    }
    if elements.is_empty() {
        return Err(Error::Algebra {
            op,
            fact: "the matrix is empty",
        });
    }
    let largest = elements.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    if largest != 0.0 && !VALID_MAGNITUDES.contains(&largest) {
        let fact =
            "the entries are too small or too large: scale the matrix to a magnitude of about 1";
        return Err(Error::Algebra { op, fact });
    }
    Ok(())
}

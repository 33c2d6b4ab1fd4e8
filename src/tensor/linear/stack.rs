//! A function of one matrix, applied to all matrices over the leading axes.

use faer::MatRef;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use crate::base::{Error, Result};
use crate::tensor::joined::without_gradient;
use crate::tensor::{Tensor, values};

/// One result for one matrix.
pub type Part = (Vec<usize>, Vec<f64>);

/// Where the largest entry must lie: beyond, squares leave the range of a double unnoticed.
const SIZES: std::ops::RangeInclusive<f64> = 1e-100..=1e150;

/// Errors: `Shape` unless the last two axes are matrices (square ones, if asked).
pub fn matrices(op: &'static str, a: &Tensor, square: bool) -> Result<()> {
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

/// The fault of an iteration without end.
pub fn none(op: &'static str) -> Error {
    let fact = "the iteration did not converge";
    Error::Algebra { op, fact }
}

/// The entries of a matrix, row-major.
pub fn whole(m: MatRef<'_, f64>) -> Part {
    let entries = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| m[(i, j)]));
    (vec![m.nrows(), m.ncols()], entries.collect())
}

/// `f` of each matrix over the leading axes; each of its results with those axes before its own.
/// Gradients through the results are refused.
pub fn each(
    op: &'static str,
    a: &Tensor,
    square: bool,
    f: impl Fn(usize, MatRef<'_, f64>) -> Result<Vec<Part>> + Sync,
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
    // faer takes the number of its threads from a global of its own. One: a stack gives every
    // thread matrices of its own, and a matrix gives the same bits with any number of threads.
    faer::set_global_parallelism(faer::Par::Seq);
    let found: Result<Vec<Vec<Part>>> = numbers
        .par_chunks(size[0] * size[1])
        .enumerate()
        .map(|(at, block)| f(at, MatRef::from_row_major_slice(block, size[0], size[1])))
        .collect();
    let mut found = found?.into_iter();
    let mut joined = found.next().unwrap_or_default();
    for parts in found {
        for (all, part) in joined.iter_mut().zip(parts) {
            all.1.extend(part.1);
        }
    }
    let dtype = crate::tensor::joined::real(a)?.dtype();
    let tensor = |(shape, numbers): Part| {
        let value = values::of(numbers, &[lead, &shape].concat(), dtype)?;
        without_gradient(op, a, value)
    };
    joined.into_iter().map(tensor).collect()
}

pub fn take<const N: usize>(parts: Vec<Tensor>) -> [Tensor; N] {
    parts
        .try_into()
        .expect("as many results as the function gives for each matrix")
}

//! The convolution of two vectors.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{DType, Tensor, arith, convert, custom_op, shape};
use crate::base::{Error, Result};

/// Number of results that a thread computes at a time.
const BLOCK: usize = 1 << 10;

/// The part of the convolution that is returned, as in NumPy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Overlap {
    /// All n + m - 1 values.
    Full,
    /// The central max(n, m) values.
    Same,
    /// The values with complete overlap.
    Valid,
}

/// The convolution of two vectors: c_k = sum_j a_j v_(k-j), accumulated in double precision, with
/// its gradient.
///
/// Shapes: [n], [m] -> [n + m - 1] for `Full`
/// Errors: `Shapes` if an argument is not a vector; `Algebra` if one is empty
pub fn convolve(a: &Tensor, v: &Tensor, overlap: Overlap) -> Result<Tensor> {
    if a.rank() != 1 || v.rank() != 1 {
        return Err(Error::Shapes {
            op: "convolve",
            left: a.dims().to_vec(),
            right: v.dims().to_vec(),
        });
    }
    let (n, m) = (a.elem_count(), v.elem_count());
    shape::check_nonempty("convolve", n.min(m))?;
    let dtype = arith::promote(a.dtype(), v.dtype());
    let float = |t: &Tensor| custom_op::to_float(&t.to_dtype(dtype)?);
    let (a, v) = (float(a)?, float(v)?);
    let (longer, shorter) = (n.max(m), n.min(m));
    let (start, count) = match overlap {
        Overlap::Full => (0, n + m - 1),
        Overlap::Same => ((shorter - 1) / 2, longer),
        Overlap::Valid => (shorter - 1, longer - shorter + 1),
    };
    let (a_values, v_values) = (convert::to_f64(&a)?, convert::to_f64(&v)?);
    let full = full_convolution(&a_values, &v_values);
    let part = full[start..start + count].to_vec();
    let value = convert::from_f64(part, &[count], a.dtype())?;
    custom_op::with_gradients("convolve", &a, &v, value, move |grad| {
        let mut full = vec![0.0; n + m - 1];
        full[start..start + count].copy_from_slice(&convert::to_f64(grad)?);
        let by_a = correlation(&full, &v_values, n);
        let by_v = correlation(&full, &a_values, m);
        Ok((
            convert::from_f64(by_a, &[n], DType::F64)?,
            convert::from_f64(by_v, &[m], DType::F64)?,
        ))
    })
}

/// All values of the convolution.
fn full_convolution(a: &[f64], v: &[f64]) -> Vec<f64> {
    let (long, short) = if a.len() < v.len() { (v, a) } else { (a, v) };
    let mut padded = vec![0.0; short.len() - 1];
    padded.extend_from_slice(long);
    padded.resize(padded.len() + short.len() - 1, 0.0);
    let reversed: Vec<f64> = short.iter().rev().copied().collect();
    correlation(&padded, &reversed, long.len() + short.len() - 1)
}

/// The values sum_i x_(k+i) w_i for k below `count`.
fn correlation(x: &[f64], w: &[f64], count: usize) -> Vec<f64> {
    let mut results = vec![0.0; count];
    let blocks = results.par_chunks_mut(BLOCK).enumerate();
    blocks.for_each(|(block, results)| {
        for (i, weight) in w.iter().enumerate() {
            let shifted = &x[block * BLOCK + i..];
            for (result, x) in results.iter_mut().zip(shifted) {
                *result += weight * x;
            }
        }
    });
    results
}

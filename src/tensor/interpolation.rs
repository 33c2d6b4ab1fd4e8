//! Piecewise linear interpolation.

use super::indexing::select_indices;
use super::{Tensor, arith, convert, custom_op};
use crate::base::{Error, Result};

/// The value at `x` of the piecewise linear function through the points (`xp`, `fp`), as in NumPy:
/// constant beyond the first and the last point. Propagates gradients to all arguments.
///
/// Shapes: [..], [n], [n] -> [..]
/// Errors: `Shape` or `Shapes` if `xp` and `fp` are not vectors of equal length; `Algebra` if they
/// are empty or `xp` decreases
pub fn interp(x: &Tensor, xp: &Tensor, fp: &Tensor) -> Result<Tensor> {
    if xp.rank() != 1 || xp.dims() != fp.dims() {
        return Err(Error::Shapes {
            op: "interp",
            left: xp.dims().to_vec(),
            right: fp.dims().to_vec(),
        });
    }
    let dtype = arith::promote(arith::promote(x.dtype(), xp.dtype()), fp.dtype());
    let float = |t: &Tensor| custom_op::to_float(&t.to_dtype(dtype)?);
    let (x, xp, fp) = (float(x)?, float(xp)?, float(fp)?);
    let knots = convert::to_f64(&xp)?;
    let fact = match knots.is_sorted() {
        _ if knots.is_empty() => Some("there are no points"),
        false => Some("the x coordinates of the points decrease or are NaN"),
        true => None,
    };
    if let Some(fact) = fact {
        return Err(Error::Algebra { op: "interp", fact });
    }
    let shape = x.dims().to_vec();
    let points = convert::to_f64(&x)?;
    let [below, above]: [Vec<usize>; 2] = neighbours(&points, &knots);
    let is_inside = below.iter().zip(&above).map(|(b, a)| u8::from(a != b));
    let is_inside: Vec<u8> = is_inside
        .zip(&points)
        .map(|(inside, x)| inside | u8::from(x.is_nan()))
        .collect();
    let count = is_inside.len();
    let is_inside = Tensor::from_vec(is_inside, count, x.device())?;
    let at = |t: &Tensor, positions: &[usize]| select_indices(t, 0, positions);
    let (x0, x1) = (at(&xp, &below)?, at(&xp, &above)?);
    let (f0, f1) = (at(&fp, &below)?, at(&fp, &above)?);
    // Outside, the distance is 0 and the width 1: neither the value nor the gradient is NaN.
    let distance = (arith::where_cond(&is_inside, &x.flatten_all()?, &x0)? - &x0)?;
    let width = (x1 - x0)?;
    let width = arith::where_cond(&width.ne(0.0)?, &width, &width.ones_like()?)?;
    let fraction = (distance / width)?;
    Ok((&f0 + (fraction * (f1 - &f0)?)?)?.reshape(shape)?)
}

/// For each point, the positions of the knots below and above it; the same one outside the knots.
fn neighbours(points: &[f64], knots: &[f64]) -> [Vec<usize>; 2] {
    let last = knots.len() - 1;
    let pair = |x: &f64| match knots.partition_point(|knot| knot <= x) {
        0 => (0, 0),
        above if above > last => (last, last),
        above => (above - 1, above),
    };
    let (below, above) = points.iter().map(pair).unzip();
    [below, above]
}

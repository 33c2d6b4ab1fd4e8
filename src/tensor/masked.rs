//! Reductions over the elements that a mask selects; without a selected element the result is NaN
//! (0 for the sum). Elements that are not selected have no influence, also if they are NaN, and
//! receive no gradient.

use super::reduce::{self, Reduction};
use super::{DType, Tensor, arith, mask, pointwise, shape, sort};
use crate::base::{Error, Result};

/// The mask of the elements that are not NaN.
pub fn not_nan(t: &Tensor) -> Result<Tensor> {
    pointwise::map_bool(t, |x| !x.is_nan())
}

/// The sum of the selected elements.
pub fn sum(t: &Tensor, mask: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    let selected = Selected::new("masked_sum", t, mask)?;
    reduce::sum(&selected.or(0.0)?, reduction)
}

/// The mean of the selected elements.
pub fn mean(t: &Tensor, mask: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    Selected::new("masked_mean", &reduce::double_integers(t)?, mask)?.mean(reduction)
}

/// The population variance of the selected elements.
pub fn var(t: &Tensor, mask: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    let selected = Selected::new("masked_var", &reduce::double_integers(t)?, mask)?;
    let keepdims = Reduction {
        keepdims: true,
        ..reduction.clone()
    };
    let centre = selected.mean(&keepdims)?;
    // Only the selected elements: an infinite element would have a NaN gradient.
    let squares = selected.or(0.0)?.broadcast_sub(&centre)?.sqr()?;
    Selected::new("masked_var", &squares, &selected.mask)?.mean(reduction)
}

/// The largest selected element, or the smallest if `minimum` is set.
pub fn extremum(t: &Tensor, mask: &Tensor, reduction: &Reduction, minimum: bool) -> Result<Tensor> {
    let op = if minimum { "masked_min" } else { "masked_max" };
    let selected = Selected::new(op, &reduce::double_integers(t)?, mask)?;
    let bound = if minimum {
        f64::INFINITY
    } else {
        f64::NEG_INFINITY
    };
    let best = reduce::extremum(op, &selected.or(bound)?, reduction, minimum)?;
    selected.nan_if_empty(&best, reduction)
}

/// The median of the selected elements of all axes, or along one axis.
pub fn median(t: &Tensor, mask: &Tensor, axis: Option<i64>) -> Result<Tensor> {
    let selected = Selected::new("masked_median", &reduce::double_integers(t)?, mask)?;
    let t = selected.or(f64::NAN)?;
    let (t, axis) = match axis {
        Some(axis) => (t.clone(), shape::axis("masked_median", axis, t.rank())?),
        None => (t.flatten_all()?, 0),
    };
    shape::check_nonempty("masked_median", t.dims()[axis])?;
    let last = t.rank() - 1;
    // NaN sorts last: the first elements of each row are the selected ones.
    let sorted = sort::sort(&t.transpose(axis, last)?.contiguous()?, -1, false)?;
    let along = Reduction {
        axes: Some(vec![-1]),
        keepdims: true,
    };
    let counts = reduce::sum(&not_nan(&sorted)?, &along)?.to_dtype(DType::F64)?;
    let middle = |shift: f64| -> Result<Tensor> {
        // The middle elements of n are (n - 1) / 2 and n / 2, rounded down.
        let at = ((&counts - shift)? / 2.0)?.floor()?.relu()?;
        Ok(sorted.gather(&at.to_dtype(DType::U32)?.contiguous()?, last)?)
    };
    Ok(((middle(1.0)? + middle(0.0)?)? * 0.5)?.squeeze(last)?)
}

/// An array of floats, and a mask with its shape.
struct Selected {
    elements: Tensor,
    mask: Tensor,
}

impl Selected {
    /// Errors: `Shapes` if the mask cannot be broadcast to the shape of `t`
    fn new(op: &'static str, t: &Tensor, mask: &Tensor) -> Result<Selected> {
        if shape::broadcast(op, t.dims(), mask.dims())? != t.dims() {
            let (left, right) = (t.dims().to_vec(), mask.dims().to_vec());
            return Err(Error::Shapes { op, left, right });
        }
        let full = mask::truths(mask)?.broadcast_as(t.dims())?;
        Ok(Selected {
            elements: t.clone(),
            mask: full.contiguous()?,
        })
    }

    /// The elements, with `other` in place of those that are not selected.
    fn or(&self, other: f64) -> Result<Tensor> {
        let dtype = self.elements.dtype();
        let other = Tensor::new(other, self.elements.device())?.to_dtype(dtype)?;
        arith::where_cond(&self.mask, &self.elements, &other)
    }

    /// The number of selected elements of each reduction, with the dtype of the elements.
    fn counts(&self, reduction: &Reduction) -> Result<Tensor> {
        let counts = reduce::sum(&self.mask.ne(0u8)?, reduction)?;
        Ok(counts.to_dtype(self.elements.dtype())?)
    }

    fn mean(&self, reduction: &Reduction) -> Result<Tensor> {
        // The sum in double precision, rounded once after the division.
        let dtype = self.elements.dtype();
        let sums = reduce::sum(&self.or(0.0)?.to_dtype(DType::F64)?, reduction)?;
        let counts = self.counts(reduction)?.to_dtype(DType::F64)?;
        Ok((sums / counts)?.to_dtype(dtype)?)
    }

    fn nan_if_empty(&self, result: &Tensor, reduction: &Reduction) -> Result<Tensor> {
        let counts = self.counts(reduction)?;
        let nan = Tensor::new(f64::NAN, result.device())?.to_dtype(result.dtype())?;
        arith::where_cond(&counts, result, &nan)
    }
}

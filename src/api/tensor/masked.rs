//! Reductions over the elements that a mask selects, and over the elements that are not NaN.

use super::args::{Integers, reduction};
use crate::tensor::masked::{self, not_nan};
use crate::tensor::{Tensor, reduce};

crate::natives! {
    /// Reductions of tensors over the elements that a mask selects, or that are not NaN.
    module "";

    /// The sum of the elements for which `mask` is nonzero, of all or along `axis`. The mask is
    /// broadcast.
    ///
    /// > tensor([1, 2, 9]).masked_sum([1, 1, 0])
    /// = 3.0
    fn masked_sum(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::sum(&this, &mask, &reduction(axis, keepdims))?)
    }

    /// The mean of the elements for which `mask` is nonzero, of all or along `axis`; NaN if there
    /// are none.
    ///
    /// > let t = tensor([1, 2, 9]);
    /// > t.masked_mean(t.lt(5))
    /// = 1.5
    fn masked_mean(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::mean(&this, &mask, &reduction(axis, keepdims))?)
    }

    /// The population variance of the elements for which `mask` is nonzero; NaN if there are none.
    ///
    /// > tensor([1, 3, 9]).masked_var([1, 1, 0])
    /// = 1.0
    fn masked_var(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::var(&this, &mask, &reduction(axis, keepdims))?)
    }

    /// The population standard deviation of the elements for which `mask` is nonzero; NaN if there
    /// are none.
    ///
    /// > tensor([1, 3, 9]).masked_std([1, 1, 0])
    /// = 1.0
    fn masked_std(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::var(&this, &mask, &reduction(axis, keepdims))?.sqrt()?)
    }

    /// The largest of the elements for which `mask` is nonzero; NaN if there are none.
    ///
    /// > tensor([1, 3, 9]).masked_max([1, 1, 0])
    /// = 3.0
    fn masked_max(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::extremum(&this, &mask, &reduction(axis, keepdims), false)?)
    }

    /// The smallest of the elements for which `mask` is nonzero; NaN if there are none.
    ///
    /// > tensor([1, 3, 9]).masked_min([0, 1, 1])
    /// = 3.0
    fn masked_min(
        this: Tensor, mask: Tensor, axis: Option<Integers>, keepdims: Option<bool>,
    ) -> Tensor {
        Ok(masked::extremum(&this, &mask, &reduction(axis, keepdims), true)?)
    }

    /// The sum of the elements that are not NaN, of all or along `axis`.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nansum()
    /// = 4.0
    fn nansum(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(match this.dtype().is_float() {
            true => masked::sum(&this, &not_nan(&this)?, &reduction(axis, keepdims))?,
            false => reduce::sum(&this, &reduction(axis, keepdims))?,
        })
    }

    /// The mean of the elements that are not NaN, of all or along `axis`; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nanmean()
    /// = 2.0
    fn nanmean(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(masked::mean(&this, &not_nan(&this)?, &reduction(axis, keepdims))?)
    }

    /// The population variance of the elements that are not NaN; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nanvar()
    /// = 1.0
    fn nanvar(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(masked::var(&this, &not_nan(&this)?, &reduction(axis, keepdims))?)
    }

    /// The population standard deviation of the elements that are not NaN; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nanstd()
    /// = 1.0
    fn nanstd(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(masked::var(&this, &not_nan(&this)?, &reduction(axis, keepdims))?.sqrt()?)
    }

    /// The largest of the elements that are not NaN; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nanmax()
    /// = 3.0
    fn nanmax(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(masked::extremum(&this, &not_nan(&this)?, &reduction(axis, keepdims), false)?)
    }

    /// The smallest of the elements that are not NaN; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3]).nanmin()
    /// = 1.0
    fn nanmin(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(masked::extremum(&this, &not_nan(&this)?, &reduction(axis, keepdims), true)?)
    }

    /// The median of the elements that are not NaN, of all or along `axis`; NaN if there are none.
    ///
    /// > tensor([1, 0.0 / 0.0, 3, 8]).nanmedian()
    /// = 3.0
    fn nanmedian(this: Tensor, axis: Option<i64>) -> Tensor {
        Ok(masked::median(&this, &not_nan(&this)?, axis)?)
    }
}

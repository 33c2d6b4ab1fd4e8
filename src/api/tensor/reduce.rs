//! Reductions, statistics, sorting and histograms. `axis` is one axis or a list of axes; without
//! it, all axes are reduced. With `keepdims`, reduced axes remain with size 1.

use super::args::{Integers, reduction};
use crate::api::context::Context;
use crate::api::value::{Map, Value};
use crate::base::Result;
use crate::tensor::reduce::Reduction;
use crate::tensor::{DType, Tensor, reduce, sort};

crate::natives! {
    /// Reductions, statistics and sorting of tensors.
    module "";

    /// The sum of all elements, or along an axis or a list of axes.
    ///
    /// > tensor([[1, 2], [3, 4]]).sum(0)
    /// = tensor [2] f32 [4, 6]
    fn sum(cx: &Context, this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        cx.check_memory("sum", this.dims(), sum_dtype(this.dtype()))?;
        Ok(reduce::sum(&this, &reduction(axis, keepdims))?)
    }

    /// The mean of all elements, or along an axis or a list of axes.
    ///
    /// > tensor([[1, 2], [3, 4]]).mean(1, true)
    /// = tensor [2, 1] f32 [[1.5], [3.5]]
    fn mean(cx: &Context, this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        cx.check_memory("mean", this.dims(), sum_dtype(this.dtype()))?;
        Ok(reduce::mean(&this, &reduction(axis, keepdims))?)
    }

    /// The product of all elements, or along an axis or a list of axes.
    ///
    /// > tensor([2, 3, 4]).prod()
    /// = 24.0
    fn prod(cx: &Context, this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        cx.check_memory("prod", this.dims(), sum_dtype(this.dtype()))?;
        Ok(reduce::prod(&this, &reduction(axis, keepdims))?)
    }

    /// The Euclidean norm of all elements, or along an axis or a list of axes.
    ///
    /// > tensor([3, 4]).norm()
    /// = 5.0
    fn norm(cx: &Context, this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        cx.check_memory("norm", this.dims(), sum_dtype(this.dtype()))?;
        Ok(reduce::norm(&this, &reduction(axis, keepdims))?)
    }

    /// The largest element, of all elements or along an axis; NaN if any element is NaN.
    ///
    /// > tensor([[1, 5], [3, 4]]).max(1)
    /// = tensor [2] f32 [5, 4]
    fn max(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(reduce::extremum("max", &this, &reduction(axis, keepdims), false)?)
    }

    /// The smallest element, of all elements or along an axis; NaN if any element is NaN.
    ///
    /// > tensor([[1, 5], [3, 4]]).min(1)
    /// = tensor [2] f32 [1, 3]
    fn min(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(reduce::extremum("min", &this, &reduction(axis, keepdims), true)?)
    }

    /// The index of the largest element, along an axis or in the flattened tensor.
    ///
    /// The first of several equal elements is returned.
    ///
    /// > tensor([1, 5, 3]).argmax()
    /// = 1
    fn argmax(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(reduce::arg_extremum("argmax", &this, &reduction(axis, keepdims), false)?)
    }

    /// The index of the smallest element, along an axis or in the flattened tensor.
    ///
    /// The first of several equal elements is returned.
    ///
    /// > tensor([1, 5, 3]).argmin()
    /// = 0
    fn argmin(this: Tensor, axis: Option<Integers>, keepdims: Option<bool>) -> Tensor {
        Ok(reduce::arg_extremum("argmin", &this, &reduction(axis, keepdims), true)?)
    }

    /// The population variance of all elements, or along an axis.
    ///
    /// The sum of squared deviations is divided by n - ddof. As in NumPy, `ddof` is 0 by default;
    /// 1 gives the unbiased estimate, the default of PyTorch.
    ///
    /// > tensor([1, 3]).variance()
    /// = 1.0
    fn variance(
        this: Tensor,
        axis: Option<Integers>,
        keepdims: Option<bool>,
        ddof: Option<usize>,
    ) -> Tensor {
        Ok(variance_of("variance", &this, &reduction(axis, keepdims), ddof)?)
    }

    /// The population standard deviation of all elements, or along an axis.
    ///
    /// `ddof` is that of `variance`.
    ///
    /// > tensor([1, 3]).std()
    /// = 1.0
    fn std(
        this: Tensor,
        axis: Option<Integers>,
        keepdims: Option<bool>,
        ddof: Option<usize>,
    ) -> Tensor {
        Ok(variance_of("std", &this, &reduction(axis, keepdims), ddof)?.sqrt()?)
    }

    /// The median of all elements, or along an axis.
    ///
    /// For an even number of elements it is the mean of the two middle ones.
    ///
    /// > tensor([1, 9, 2]).median()
    /// = 2.0
    fn median(this: Tensor, axis: Option<i64>) -> Tensor {
        Ok(sort::quantile(&this, 0.5, axis).map_err(|error| error.within("median"))?)
    }

    /// The `q` quantile (0 to 1) of all elements, or along an axis, with linear interpolation.
    ///
    /// > tensor([0, 10]).quantile(0.25)
    /// = 2.5
    fn quantile(this: Tensor, q: f64, axis: Option<i64>) -> Tensor {
        Ok(sort::quantile(&this, q, axis)?)
    }

    /// The elements sorted along `axis` (default: the last axis), ascending unless `descending` is
    /// true.
    ///
    /// NaN comes last.
    ///
    /// > tensor([3, 1, 2]).sort()
    /// = tensor [3] f32 [1, 2, 3]
    fn sort(this: Tensor, axis: Option<i64>, descending: Option<bool>) -> Tensor {
        let sorted = sort::sort(&this, axis.unwrap_or(-1), descending.unwrap_or(false));
        Ok(sorted.map_err(|error| error.within("sort"))?)
    }

    /// The indices that sort the elements along `axis` (default: the last axis), as i64.
    ///
    /// > tensor([3, 1, 2]).argsort()
    /// = tensor [3] i64 [1, 2, 0]
    fn argsort(this: Tensor, axis: Option<i64>, descending: Option<bool>) -> Tensor {
        Ok(sort::argsort(&this, axis.unwrap_or(-1), descending.unwrap_or(false))?)
    }

    /// The distinct elements in ascending order.
    ///
    /// > tensor([2, 1, 2]).unique()
    /// = tensor [2] f32 [1, 2]
    fn unique(this: Tensor) -> Tensor { Ok(sort::unique(&this)?) }

    /// The counts of elements in `bins` equal-width bins from `low` to `high`, as a map of `counts`
    /// and `edges`.
    ///
    /// The default limits are the smallest and largest element. With both `low` and `high`,
    /// elements outside the range, infinite elements and NaN are not counted; otherwise infinite
    /// elements and NaN are an error.
    ///
    /// > tensor([0, 1, 1, 2]).histogram(2).counts
    /// = tensor [2] i64 [1, 3]
    fn histogram(
        cx: &Context, this: Tensor, bins: usize, low: Option<f64>, high: Option<f64>,
    ) -> Map {
        cx.check_memory("histogram", &[bins], DType::I64)?;
        let (counts, edges) = sort::histogram(&this, bins, [low, high])?;
        let entries = [("counts", counts), ("edges", edges)];
        Ok(entries.into_iter().map(|(key, t)| (key.into(), Value::Tensor(t))).collect())
    }
}

/// The dtype of a sum of such elements.
fn sum_dtype(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { DType::I64 }
}

/// The variance, with `name` as the function in errors.
fn variance_of(
    name: &'static str,
    x: &Tensor,
    along: &Reduction,
    ddof: Option<usize>,
) -> Result<Tensor> {
    reduce::var(x, along, ddof.unwrap_or(0)).map_err(|error| error.within(name))
}

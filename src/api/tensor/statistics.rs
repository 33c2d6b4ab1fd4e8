//! Covariances, differences, cumulative products, interpolation and convolution.

use super::args::Operand;
use crate::api::context::Context;
use crate::api::options::CallOptions;
use crate::tensor::convolution::{Overlap, convolve};
use crate::tensor::interpolation::interp;
use crate::tensor::{DType, Tensor, arith, statistics};

crate::choices! {
    /// The part of a convolution that is returned.
    pub enum OverlapChoice {
        #[default]
        Full = "full",
        Same = "same",
        Valid = "valid",
    }
}

crate::options! {
    /// Options of `convolve`.
    pub struct ConvolveOptions for "convolve" {
        /// The values to return: "full" all n + m - 1, "same" the central max(n, m), "valid" those
        /// with complete overlap.
        mode: OverlapChoice = OverlapChoice::Full;
    }
}

crate::natives! {
    /// Covariances, differences, interpolation and convolution of tensors.
    module "";

    /// The covariance matrix of the rows of a matrix, as in NumPy: rows are variables, columns are
    /// observations. The divisor is the number of columns minus `ddof` (default 1).
    ///
    /// For observations in rows use `x.T().cov()`.
    ///
    /// > tensor([[1, 2, 3], [3, 2, 1]]).cov()
    /// = tensor [2, 2] f32 [[1, -1], [-1, 1]]
    fn cov(cx: &Context, this: Tensor, ddof: Option<usize>) -> Tensor {
        let rows = this.dims().first().copied().unwrap_or(1);
        cx.check_memory("cov", &[rows, rows], DType::F64)?;
        Ok(statistics::cov(&this, ddof.unwrap_or(1))?)
    }

    /// The correlation coefficients of the rows of a matrix: rows are variables, columns are
    /// observations.
    ///
    /// > tensor([[1, 2, 3], [6, 4, 2]]).corrcoef()
    /// = tensor [2, 2] f32 [[1, -1], [-1, 1]]
    fn corrcoef(cx: &Context, this: Tensor) -> Tensor {
        let rows = this.dims().first().copied().unwrap_or(1);
        cx.check_memory("corrcoef", &[rows, rows], DType::F64)?;
        Ok(statistics::corrcoef(&this)?)
    }

    /// The differences of adjacent elements along `axis` (default: the last axis), taken `order`
    /// times (default 1).
    ///
    /// > tensor([1, 4, 9]).diff()
    /// = tensor [2] f32 [3, 5]
    fn diff(this: Tensor, order: Option<usize>, axis: Option<i64>) -> Tensor {
        Ok(statistics::diff(&this, order.unwrap_or(1), axis.unwrap_or(-1))?)
    }

    /// The cumulative product along `axis`.
    ///
    /// > tensor([1, 2, 3]).cumprod(0)
    /// = tensor [3] f32 [1, 2, 6]
    fn cumprod(this: Tensor, axis: i64) -> Tensor { Ok(statistics::cumprod(&this, axis)?) }

    /// The value at `x` of the piecewise linear function through the points with the coordinates
    /// `xp`, which increase, and the values `fp`; constant beyond the first and the last point.
    ///
    /// > interp(tensor([0.5, 9]), [0, 1, 2], [10, 20, 40])
    /// = tensor [2] f32 [15, 40]
    fn interp(x: Operand, xp: Operand, fp: Operand) -> Tensor {
        let (xp, fp) = xp.to_tensors(&fp)?;
        let (x, _) = x.to_tensors(&Operand::from(xp.clone()))?;
        Ok(interp(&x, &xp, &fp)?)
    }

    /// The convolution of two vectors, sum over j of a[j] v[k - j].
    ///
    /// > convolve(tensor([1, 2, 3]), tensor([0, 1, 0.5]), #{ mode: "same" })
    /// = tensor [3] f32 [1, 2.5, 4]
    fn convolve(
        cx: &Context, a: Operand, v: Operand, options: CallOptions<ConvolveOptions>,
    ) -> Tensor {
        let (a, v) = a.to_tensors(&v)?;
        let count = a.elem_count().saturating_add(v.elem_count());
        cx.check_memory("convolve", &[count], arith::promote(DType::F64, a.dtype()))?;
        let overlap = match options.mode {
            OverlapChoice::Full => Overlap::Full,
            OverlapChoice::Same => Overlap::Same,
            OverlapChoice::Valid => Overlap::Valid,
        };
        Ok(convolve(&a, &v, overlap)?)
    }
}

//! Shape manipulation, indexing and products of tensors. Axes count from 0; -1 is the last axis.

use super::args::{Integers, Operand, Receiver, ShapedIntegers};
use crate::api::context::Context;
use crate::api::shape_error::shape_error;
use crate::tensor::{Tensor, arith, indexing, shape};

crate::natives! {
    /// Shape manipulation, indexing and products of tensors.
    module "";

    /// The matrix product; leading axes broadcast.
    ///
    /// A vector is treated as a row on the left and as a column on the right.
    ///
    /// > tensor([[1, 2], [3, 4]]).matmul(tensor([1, 1]))
    /// = tensor [2] f32 [3, 7]
    fn matmul(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (this, other) = this.0.to_tensors(&other)?;
        if let Some(shape) = shape::matmul_shape(this.dims(), other.dims()) {
            cx.check_memory("matmul", &shape, arith::promote(this.dtype(), other.dtype()))?;
        }
        Ok(arith::matmul(&this, &other)?)
    }

    /// The outer product of two vectors, [m] and [n] -> [m, n].
    ///
    /// > tensor([1, 2]).outer(tensor([3, 4]))
    /// = tensor [2, 2] f32 [[3, 4], [6, 8]]
    fn outer(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (this, other) = this.0.to_tensors(&other)?;
        cx.check_memory("outer", &[this.elem_count(), other.elem_count()], this.dtype())?;
        Ok(indexing::outer(&this, &other)?)
    }

    /// The tensor with two axes exchanged (default: the last two).
    ///
    /// > tensor([[1, 2], [3, 4]]).transpose()
    /// = tensor [2, 2] f32 [[1, 3], [2, 4]]
    fn transpose(this: Tensor, first: Option<i64>, second: Option<i64>) -> Tensor {
        let first = shape::axis("transpose", first.unwrap_or(-2), this.rank())?;
        let second = shape::axis("transpose", second.unwrap_or(-1), this.rank())?;
        Ok(this.transpose(first, second)?)
    }

    /// The tensor with its axes in the given order.
    ///
    /// > zeros([2, 3, 4]).permute([2, 0, 1]).shape()
    /// = [4, 2, 3]
    fn permute(this: Tensor, axes: Integers) -> Tensor { Ok(indexing::permute(&this, &axes.0)?) }

    /// The same elements in another shape; one size can be -1 and is inferred.
    ///
    /// The number of elements must not change.
    ///
    /// > tensor([1, 2, 3, 4]).reshape([2, -1])
    /// = tensor [2, 2] f32 [[1, 2], [3, 4]]
    fn reshape(cx: &Context, this: Tensor, shape: Integers) -> Tensor {
        let shape = shape::resolve_shape("reshape", &shape.0, this.dims())?;
        cx.check_memory("reshape", &shape, this.dtype())?;
        Ok(this.reshape(shape)?)
    }

    /// All elements along one axis.
    ///
    /// > tensor([[1, 2], [3, 4]]).flatten()
    /// = tensor [4] f32 [1, 2, 3, 4]
    fn flatten(this: Tensor) -> Tensor { Ok(this.flatten_all()?) }

    /// The tensor without its axes of size 1, or without the given axis of size 1.
    ///
    /// A given axis of another size is an error.
    ///
    /// > zeros([1, 3, 1]).squeeze().shape()
    /// = [3]
    fn squeeze(this: Tensor, axis: Option<i64>) -> Tensor {
        let Some(axis) = axis else {
            let dims: Vec<usize> = this.dims().iter().copied().filter(|&n| n != 1).collect();
            return Ok(this.reshape(dims)?);
        };
        let axis = shape::axis("squeeze", axis, this.rank())?;
        if this.dims()[axis] != 1 {
            let expected = format!("with size 1 along axis {axis}");
            return Err(shape_error("squeeze", "an array", expected, &this).into());
        }
        Ok(this.squeeze(axis)?)
    }

    /// The tensor with a new axis of size 1 at index `axis`.
    ///
    /// > tensor([1, 2]).unsqueeze(-1)
    /// = tensor [2, 1] f32 [[1], [2]]
    fn unsqueeze(this: Tensor, axis: i64) -> Tensor {
        Ok(this.unsqueeze(shape::axis("unsqueeze", axis, this.rank() + 1)?)?)
    }

    /// The tensor broadcast to the given shape.
    ///
    /// Axes of size 1 and new leading axes are repeated; any other difference in shape is an error.
    ///
    /// > tensor([1, 2]).broadcast_to([2, 2])
    /// = tensor [2, 2] f32 [[1, 2], [1, 2]]
    fn broadcast_to(cx: &Context, this: Tensor, shape: Vec<usize>) -> Tensor {
        let joined = shape::broadcast("broadcast_to", this.dims(), &shape)?;
        if joined != shape {
            let (left, right) = (this.dims().to_vec(), shape);
            return Err(crate::base::Error::Shapes { op: "broadcast_to", left, right }.into());
        }
        cx.check_memory("broadcast_to", &shape, this.dtype())?;
        Ok(this.broadcast_as(shape)?.contiguous()?)
    }

    /// The slice of `axis` from `from` (included) to `to` (excluded; default: the end), every
    /// `step`-th index.
    ///
    /// Negative indices count from the end.
    ///
    /// > tensor([0, 1, 2, 3, 4]).slice(0, 1, -1)
    /// = tensor [3] f32 [1, 2, 3]
    fn slice(this: Tensor, axis: i64, from: i64, to: Option<i64>, step: Option<usize>) -> Tensor {
        Ok(indexing::slice(&this, axis, from, to, step.unwrap_or(1))?)
    }

    /// The slice of the first axis from `from` (included) to `to` (excluded; default: the end).
    ///
    /// > tensor([[1, 2], [3, 4], [5, 6]]).rows(1)
    /// = tensor [2, 2] f32 [[3, 4], [5, 6]]
    fn rows(this: Tensor, from: i64, to: Option<i64>) -> Tensor {
        Ok(indexing::slice(&this, 0, from, to, 1).map_err(|error| error.within("rows"))?)
    }

    /// The subtensor at one index of the last axis.
    ///
    /// > tensor([[1, 2], [3, 4]]).column(0)
    /// = tensor [2] f32 [1, 3]
    fn column(this: Tensor, index: i64) -> Tensor {
        let last = shape::axis("column", -1, this.rank())?;
        let index = shape::index("column", index, this.dims()[last])?;
        Ok(indexing::part(&this, last, index, 1)?.squeeze(last)?)
    }

    /// The slices of `axis` at the given indices, in this order: a list or a tensor, whose axes
    /// replace the axis.
    ///
    /// Indices can be negative and can be repeated.
    ///
    /// > tensor([5, 6, 7]).take(0, [2, 0, 0])
    /// = tensor [3] f32 [7, 5, 5]
    fn take(cx: &Context, this: Tensor, axis: i64, indices: ShapedIntegers) -> Tensor {
        let along = shape::axis("take", axis, this.rank())?;
        let (before, after) = (&this.dims()[..along], &this.dims()[along + 1..]);
        let shape = [before, &indices.shape, after].concat();
        cx.check_memory("take", &shape, this.dtype())?;
        Ok(indexing::take(&this, axis, &indices.integers)?.reshape(shape)?)
    }

    /// A copy of the tensor in which `part` replaces the slice of `axis` that begins at `start`.
    ///
    /// > zeros(4).slice_assign(0, 1, tensor([7, 8]))
    /// = tensor [4] f32 [0, 7, 8, 0]
    fn slice_assign(this: Receiver, axis: i64, start: i64, part: Operand) -> Tensor {
        let (this, part) = this.0.to_tensors(&part)?;
        Ok(indexing::slice_assign(&this, axis, start, &part)?)
    }

    /// The tensor shifted cyclically by `by` along `axis` (default 0).
    ///
    /// > tensor([1, 2, 3]).roll(1)
    /// = tensor [3] f32 [3, 1, 2]
    fn roll(this: Tensor, by: i64, axis: Option<i64>) -> Tensor {
        Ok(indexing::roll(&this, axis.unwrap_or(0), by)?)
    }

    /// The tensor with the order along `axis` (default 0) reversed.
    ///
    /// > tensor([1, 2, 3]).flip()
    /// = tensor [3] f32 [3, 2, 1]
    fn flip(this: Tensor, axis: Option<i64>) -> Tensor {
        Ok(indexing::flip(&this, axis.unwrap_or(0))?)
    }

    /// The diagonal of a matrix, or the diagonal matrix of a vector.
    ///
    /// > tensor([1, 2]).diag()
    /// = tensor [2, 2] f32 [[1, 0], [0, 2]]
    fn diag(cx: &Context, this: Tensor) -> Tensor {
        if let [n] = *this.dims() {
            cx.check_memory("diag", &[n, n], this.dtype())?;
        }
        Ok(indexing::diag(&this)?)
    }

    /// The indices of the nonzero elements, [count, rank], as i64.
    ///
    /// > tensor([0, 5, 7]).argwhere()
    /// = tensor [2, 1] i64 [[1], [2]]
    fn argwhere(this: Tensor) -> Tensor { Ok(indexing::argwhere(&this)?) }
}

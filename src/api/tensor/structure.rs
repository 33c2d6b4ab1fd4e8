//! Repetition of tensors, and triangular parts and traces of matrices.

use crate::api::context::Context;
use crate::base::Error;
use crate::tensor::structure::{Triangle, tile_shape, triangle};
use crate::tensor::{Tensor, structure};

crate::natives! {
    /// Repetition of tensors, and triangular parts and traces of matrices.
    module "";

    /// The tensor repeated `counts[i]` times along axis i, as by `tile` of NumPy.
    ///
    /// If `counts` has fewer entries than the tensor has axes, the leading axes are not repeated;
    /// if it has more, the tensor gets new leading axes.
    ///
    /// > tensor([1, 2]).tile([2, 2])
    /// = tensor [2, 4] f32 [[1, 2, 1, 2], [1, 2, 1, 2]]
    fn tile(cx: &Context, this: Tensor, counts: Vec<usize>) -> Tensor {
        let shape = tile_shape(this.dims(), &counts).ok_or(Error::Range {
            of: "tile".into(),
            name: "counts".into(),
            expected: "small enough for memory".into(),
            found: format!("{counts:?}"),
        })?;
        cx.check_memory("tile", &shape, this.dtype())?;
        Ok(structure::tile(&this, &counts)?)
    }

    /// Each element repeated `count` times in a row, as by `repeat` of NumPy.
    ///
    /// Without `axis`, the tensor is flattened first.
    ///
    /// > tensor([1, 2]).repeat_interleave(2)
    /// = tensor [4] f32 [1, 1, 2, 2]
    fn repeat_interleave(cx: &Context, this: Tensor, count: usize, axis: Option<i64>) -> Tensor {
        let source = if axis.is_none() { this.flatten_all()? } else { this };
        let shape = [source.dims(), &[count]].concat();
        cx.check_memory("repeat_interleave", &shape, source.dtype())?;
        Ok(structure::repeat_interleave(&source, count, axis.unwrap_or(0))?)
    }

    /// The lower triangle of a matrix, or of the matrices in the last two axes; zeros elsewhere.
    ///
    /// `k` selects the diagonal that bounds the triangle: 0 the main diagonal (the default), 1 the
    /// one above it, -1 the one below it.
    ///
    /// > ones([2, 2]).tril()
    /// = tensor [2, 2] f32 [[1, 0], [1, 1]]
    fn tril(this: Tensor, k: Option<i64>) -> Tensor {
        Ok(triangle("tril", &this, Triangle::Lower, k.unwrap_or(0))?)
    }

    /// The upper triangle of a matrix, or of the matrices in the last two axes; zeros elsewhere.
    ///
    /// `k` selects the diagonal, as in `tril`.
    ///
    /// > ones([2, 2]).triu(1)
    /// = tensor [2, 2] f32 [[0, 1], [0, 0]]
    fn triu(this: Tensor, k: Option<i64>) -> Tensor {
        Ok(triangle("triu", &this, Triangle::Upper, k.unwrap_or(0))?)
    }

    /// The sum of the diagonal of a matrix.
    ///
    /// > tensor([[1, 2], [3, 4]]).trace()
    /// = 5.0
    fn trace(this: Tensor) -> Tensor { Ok(structure::trace(&this)?) }
}

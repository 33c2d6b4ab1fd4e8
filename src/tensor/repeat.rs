//! Broadcasting along leading axes as an operation of the autograd graph. Its gradient is a sum
//! over rows in double precision; candle's sum along a leading axis adds single elements.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, WithDType};

use super::custom_op::float_elements;
use super::reduce::{self, Reduction};
use super::{AnyPrecision, Tensor};
use crate::base::Result;

/// The array broadcast to `shape`, with which it is compatible.
pub(super) fn broadcast_to(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
    // candle would add an operation whose gradient copies element by element.
    if t.dims() == shape {
        return Ok(t.clone());
    }
    let leading = t.dims().iter().take_while(|size| **size == 1).count();
    let row = &t.dims()[leading..];
    let elements: usize = shape.iter().product();
    if t.elem_count() == elements {
        return Ok(t.reshape(shape)?);
    }
    if !t.track_op() || !shape.ends_with(row) || elements == 0 {
        return Ok(t.broadcast_as(shape)?);
    }
    let shape = shape.to_vec();
    Ok(t.contiguous()?.apply_op1(Repeat { shape })?)
}

/// Repeats all elements as often as the shape requires.
struct Repeat {
    shape: Vec<usize>,
}

impl CustomOp1 for Repeat {
    fn name(&self) -> &'static str {
        "broadcast"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let shape = Shape::from(self.shape.as_slice());
        let count = shape.elem_count() / l.shape().elem_count();
        let elements = match float_elements("broadcast", s, l)? {
            AnyPrecision::F32(row) => f32::to_cpu_storage_owned(row.repeat(count)),
            AnyPrecision::F64(row) => f64::to_cpu_storage_owned(row.repeat(count)),
        };
        Ok((elements, shape))
    }

    fn bwd(&self, t: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let rows = grad.contiguous()?.reshape(((), t.elem_count()))?;
        let first = Reduction {
            axes: Some(vec![0]),
            keepdims: false,
        };
        let sum = reduce::sum(&rows, &first).map_err(candle_core::Error::wrap)?;
        Ok(Some(sum.reshape(t.shape())?))
    }
}

//! Attaches results that are computed outside candle to its autograd graph, with their gradient or
//! with an error if none is defined. Otherwise such a result would have a zero gradient silently.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Storage};

use super::{AnyPrecision, DType, Tensor};
use crate::base::Result;

/// The gradients with respect to two inputs.
type BackwardPair = Box<dyn Fn(&Tensor) -> Result<(Tensor, Tensor)> + Send + Sync>;

type BackwardFn = Box<dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync>;

/// `value`, computed from `input` by `op`; `backward` maps the gradient of `value` to that of
/// `input`.
pub fn with_gradient(
    op: &'static str,
    input: &Tensor,
    value: Tensor,
    backward: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    attach(op, input, value, Some(Box::new(backward)))
}

/// `value`, computed from two inputs by `op`; `backward` maps the gradient of `value` to those of
/// the inputs. The inputs have the same dtype.
pub fn with_gradients(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    value: Tensor,
    backward: impl Fn(&Tensor) -> Result<(Tensor, Tensor)> + Send + Sync + 'static,
) -> Result<Tensor> {
    if !left.track_op() && !right.track_op() {
        return Ok(value);
    }
    let value = value.detach().force_contiguous()?;
    let backward: BackwardPair = Box::new(backward);
    let operation = PrecomputedPair {
        op,
        value,
        backward,
    };
    Ok(left.apply_op2(right, operation)?)
}

/// `value`, computed from `input` by `op`; computing a gradient through it is an error.
pub fn without_gradient(op: &'static str, input: &Tensor, value: Tensor) -> Result<Tensor> {
    attach(op, input, value, None)
}

fn attach(
    op: &'static str,
    input: &Tensor,
    value: Tensor,
    backward: Option<BackwardFn>,
) -> Result<Tensor> {
    if !input.track_op() || !input.dtype().is_float() {
        return Ok(value);
    }
    let value = value.detach().force_contiguous()?;
    Ok(input.apply_op1(Precomputed {
        op,
        value,
        backward,
    })?)
}

struct Precomputed {
    op: &'static str,
    value: Tensor,
    backward: Option<BackwardFn>,
}

impl CustomOp1 for Precomputed {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        storage_of(self.op, &self.value)
    }

    fn bwd(&self, arg: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Some(backward) = &self.backward else {
            return Err(candle_core::Error::BackwardNotSupported { op: self.op });
        };
        let gradient = backward(grad).map_err(candle_core::Error::wrap)?;
        Ok(Some(gradient.to_dtype(arg.dtype())?))
    }
}

/// The elements of a contiguous array in single or double precision.
///
/// Errors: the array has another dtype
pub fn float_elements<'a>(
    op: &str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<AnyPrecision<&'a [f32], &'a [f64]>> {
    let range = layout.start_offset()..layout.start_offset() + layout.shape().elem_count();
    Ok(match storage {
        CpuStorage::F32(elements) => AnyPrecision::F32(&elements[range]),
        CpuStorage::F64(elements) => AnyPrecision::F64(&elements[range]),
        _ => candle_core::bail!("{op}: expected f32 or f64"),
    })
}

/// The elements and the shape of a contiguous array.
fn storage_of(op: &str, value: &Tensor) -> candle_core::Result<(CpuStorage, Shape)> {
    let (storage, _) = value.storage_and_layout();
    let Storage::Cpu(values) = &*storage else {
        candle_core::bail!("{op}: expected a result on the CPU")
    };
    Ok((values.clone(), value.shape().clone()))
}

struct PrecomputedPair {
    op: &'static str,
    value: Tensor,
    backward: BackwardPair,
}

impl CustomOp2 for PrecomputedPair {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        storage_of(self.op, &self.value)
    }

    fn bwd(
        &self,
        left: &Tensor,
        right: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (l, r) = (self.backward)(grad).map_err(candle_core::Error::wrap)?;
        Ok((
            Some(l.to_dtype(left.dtype())?),
            Some(r.to_dtype(right.dtype())?),
        ))
    }
}

/// The array with a floating-point dtype: unchanged if it has one, otherwise converted to f32.
pub fn to_float(t: &Tensor) -> Result<Tensor> {
    if t.dtype().is_float() {
        return Ok(t.clone());
    }
    Ok(t.to_dtype(DType::F32)?)
}

//! Joins a result computed outside candle to candle's tape: with its gradient, or with a refusal
//! where there is none. Without this such a result would have a silent zero gradient.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Storage};

use super::{DType, Tensor};
use crate::base::Result;

type Back = Box<dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync>;

/// `value`, computed from `input` by `op`, whose gradient towards `input` is `back` of its own.
pub fn with_gradient(
    op: &'static str,
    input: &Tensor,
    value: Tensor,
    back: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    join(op, input, value, Some(Box::new(back)))
}

/// `value`, computed from `input` by `op`; asking for a gradient through it is an error.
pub fn without_gradient(op: &'static str, input: &Tensor, value: Tensor) -> Result<Tensor> {
    join(op, input, value, None)
}

fn join(op: &'static str, input: &Tensor, value: Tensor, back: Option<Back>) -> Result<Tensor> {
    if !input.track_op() || !input.dtype().is_float() {
        return Ok(value);
    }
    let value = value.detach().force_contiguous()?;
    Ok(input.apply_op1(Joined { op, value, back })?)
}

struct Joined {
    op: &'static str,
    value: Tensor,
    back: Option<Back>,
}

impl CustomOp1 for Joined {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (storage, _) = self.value.storage_and_layout();
        let Storage::Cpu(values) = &*storage else {
            candle_core::bail!("{}: expected a result on the CPU", self.op)
        };
        Ok((values.clone(), self.value.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Some(back) = &self.back else {
            return Err(candle_core::Error::BackwardNotSupported { op: self.op });
        };
        let found = back(grad).map_err(candle_core::Error::wrap)?;
        Ok(Some(found.to_dtype(arg.dtype())?))
    }
}

/// The kind of number that computations run in: a float as it is, whole numbers as f32.
pub fn real(t: &Tensor) -> Result<Tensor> {
    if t.dtype().is_float() {
        return Ok(t.clone());
    }
    Ok(t.to_dtype(DType::F32)?)
}

//! The sum as an operation of candle's autograd graph, and sums without a gradient.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, bail};

use super::span::Span;
use super::sum::{Centred, Plain, sums};
use crate::base::Result;
use crate::tensor::{DType, Tensor, convert};

/// The sum divided by `divisor`, rounded once, with its gradient.
///
/// Shapes: [outer, n, inner], contiguous, of any rank -> [outer * inner]
pub fn divided_sum(t: &Tensor, span: Span, divisor: f64) -> Result<Tensor> {
    Ok(t.apply_op1(DividedSum { span, divisor })?)
}

/// The sum of (x - centre)^2 divided by `divisor`, without a gradient. The squares are computed in
/// the precision of the array.
///
/// Shapes: [outer, n, inner] and [outer * inner], contiguous -> [outer * inner]
pub fn squared_deviations(t: &Tensor, centre: &Tensor, span: Span, divisor: f64) -> Result<Tensor> {
    let (storage, layout) = t.storage_and_layout();
    let start = layout.start_offset();
    let range = start..start + layout.shape().elem_count();
    let deviations = match &*storage {
        candle_core::Storage::Cpu(CpuStorage::F32(x)) => {
            let centres: Vec<f32> = centre.flatten_all()?.to_vec1()?;
            let term = |x: f32, c: f32| f64::from((x - c) * (x - c));
            let centres = &centres;
            sums(&x[range], span, &Centred { centres, term })
        }
        candle_core::Storage::Cpu(CpuStorage::F64(x)) => {
            let centres: Vec<f64> = centre.flatten_all()?.to_vec1()?;
            let term = |x: f64, c: f64| (x - c) * (x - c);
            let centres = &centres;
            sums(&x[range], span, &Centred { centres, term })
        }
        _ => return Err(candle_core::Error::Msg("var: expected f32 or f64".into()).into()),
    };
    let divided = deviations.into_iter().map(|sum| sum / divisor);
    convert::from_f64(divided.collect(), &[span.results()], t.dtype())
}

/// The sum of x^2 in double precision, without a gradient.
///
/// Shapes: [outer, n, inner], contiguous -> [outer * inner]
pub fn square_sums(t: &Tensor, span: Span) -> Result<Tensor> {
    double_sums(t, span, |x| x * x)
}

/// The sum of f(x) in double precision, without a gradient.
///
/// Shapes: [outer, n, inner], contiguous -> [outer * inner]
pub fn double_sums(t: &Tensor, span: Span, f: impl Fn(f64) -> f64 + Sync) -> Result<Tensor> {
    let (storage, layout) = t.storage_and_layout();
    let start = layout.start_offset();
    let range = start..start + layout.shape().elem_count();
    let sums = match &*storage {
        candle_core::Storage::Cpu(CpuStorage::F32(x)) => {
            sums(&x[range], span, &Plain(|x: f32| f(f64::from(x))))
        }
        candle_core::Storage::Cpu(CpuStorage::F64(x)) => sums(&x[range], span, &Plain(f)),
        _ => return Err(candle_core::Error::Msg("sum: expected f32 or f64".into()).into()),
    };
    convert::from_f64(sums, &[span.results()], DType::F64)
}

struct DividedSum {
    span: Span,
    divisor: f64,
}

impl CustomOp1 for DividedSum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let range = l.start_offset()..l.start_offset() + l.shape().elem_count();
        let divided = |sums: Vec<f64>| sums.into_iter().map(|sum| sum / self.divisor);
        let results = match s {
            CpuStorage::F32(x) => {
                let sums = sums(&x[range], self.span, &Plain(f64::from));
                CpuStorage::F32(divided(sums).map(|x| x as f32).collect())
            }
            CpuStorage::F64(x) => {
                let sums = sums(&x[range], self.span, &Plain(|x: f64| x));
                CpuStorage::F64(divided(sums).collect())
            }
            _ => bail!("sum: expected f32 or f64"),
        };
        Ok((results, Shape::from(self.span.results())))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let Span { outer, n, inner } = self.span;
        // Divides: multiplication by a rounded 1 / n would give a different result.
        let divisor = Tensor::full(self.divisor, grad.dims(), grad.device())?;
        let grad = (grad / divisor.to_dtype(grad.dtype())?)?;
        let grad = grad.reshape((outer, 1, inner))?;
        let full = grad.broadcast_as((outer, n, inner))?;
        Ok(Some(full.reshape(x.shape())?))
    }
}

//! The logistic sigmoid and its gradient. Single precision is computed in double precision with
//! vector instructions and rounded once.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, WithDType};

use super::custom_op::{float_elements, to_float};
use super::exponential::{exponential_parts, map_chunks};
use super::{AnyPrecision, Tensor, pointwise};
use crate::base::Result;

/// From here on the sigmoid of -x rounds to 0 in single precision, whose smallest number is e^-103.
const LIMIT: f64 = 110.0;

/// The logistic sigmoid 1 / (1 + e^-x) of each element. Integers become f32.
pub fn sigmoid(t: &Tensor) -> Result<Tensor> {
    Ok(to_float(t)?.contiguous()?.apply_op1(Sigmoid)?)
}

struct Sigmoid;

impl CustomOp1 for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        evaluate(s, l, fill_single, pointwise::sigmoid)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let x = x.detach().contiguous()?;
        Ok(Some((grad * x.apply_op1_no_bwd(&Derivative)?)?))
    }
}

/// The derivative of the sigmoid, which keeps its relative accuracy where the sigmoid is near 1.
struct Derivative;

impl CustomOp1 for Derivative {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let derivative = |x| pointwise::sigmoid(x) * pointwise::sigmoid(-x);
        evaluate(s, l, fill_derivative, derivative)
    }
}

/// The values of a function: `single` on f32, `double` on each f64.
fn evaluate(
    s: &CpuStorage,
    l: &Layout,
    single: fn(&[f32], &mut [f32]),
    double: fn(f64) -> f64,
) -> candle_core::Result<(CpuStorage, Shape)> {
    let values = match float_elements("sigmoid", s, l)? {
        AnyPrecision::F32(x) => f32::to_cpu_storage_owned(map_chunks(x, single)),
        AnyPrecision::F64(x) => pointwise::map(x, double),
    };
    Ok((values, l.shape().clone()))
}

fn fill_single(x: &[f32], values: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, x) in values.iter_mut().zip(x) {
                let e = decay(*x);
                let numerator = if *x < 0.0 { e } else { 1.0 };
                *value = (numerator / (1.0 + e)) as f32;
            }
        },
    );
}

fn fill_derivative(x: &[f32], values: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, x) in values.iter_mut().zip(x) {
                let e = decay(*x);
                *value = (e / ((1.0 + e) * (1.0 + e))) as f32;
            }
        },
    );
}

/// e^-|x|, at least e^-110.
#[inline(always)]
fn decay(x: f32) -> f64 {
    let a = f64::from(x.abs());
    let a = if a > LIMIT { LIMIT } else { a };
    let (scale, expm1) = exponential_parts(-a);
    scale * expm1 + scale
}

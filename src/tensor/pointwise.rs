//! Elementwise functions that candle lacks, or whose value or derivative is inaccurate in candle:
//! `log1p` and `softplus` keep small values, the derivative of `abs` and `relu` at 0 is 0.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::custom_op::{float_elements, to_float};
use super::precision::match_precision;
use super::{DType, Real, Tensor, convert, integers};
use crate::base::Result;

/// Minimum number of elements for multithreading.
const PARALLEL_THRESHOLD: usize = 1 << 14;

/// A scalar function and its derivative, both in double precision.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub value: fn(f64) -> f64,
    pub derivative: fn(f64) -> f64,
    /// The function on integers, if it returns integers; `None` on overflow.
    pub integer: Option<fn(i64) -> Option<i64>>,
}

/// ln(1 + x).
pub const LOG1P: Function = Function {
    name: "log1p",
    value: f64::ln_1p,
    derivative: |x| 1.0 / (1.0 + x),
    integer: None,
};

/// The logarithm with base 2.
pub const LOG2: Function = Function {
    name: "log2",
    value: f64::log2,
    derivative: |x| 1.0 / (x * std::f64::consts::LN_2),
    integer: None,
};

/// The logarithm with base 10.
pub const LOG10: Function = Function {
    name: "log10",
    value: f64::log10,
    derivative: |x| 1.0 / (x * std::f64::consts::LN_10),
    integer: None,
};

/// e^x - 1.
pub const EXPM1: Function = Function {
    name: "expm1",
    value: f64::exp_m1,
    derivative: f64::exp,
    integer: None,
};

/// ln(1 + e^x).
pub const SOFTPLUS: Function = Function {
    name: "softplus",
    value: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
    derivative: sigmoid,
    integer: None,
};

/// max(x, 0); the derivative at 0 is 0.
pub const RELU: Function = Function {
    name: "relu",
    value: |x| if x <= 0.0 { 0.0 } else { x },
    derivative: |x| f64::from(u8::from(x > 0.0)),
    integer: Some(|n| Some(n.max(0))),
};

/// |x|; the derivative at 0 is 0.
pub const ABS: Function = Function {
    name: "abs",
    value: f64::abs,
    derivative: sign,
    integer: Some(i64::checked_abs),
};

/// The sign: -1, 0 or 1.
pub const SIGN: Function = Function {
    name: "sign",
    value: sign,
    derivative: |_| 0.0,
    integer: Some(|n| Some(n.signum())),
};

/// The nearest integer; ties round to even.
pub const ROUND: Function = Function {
    name: "round",
    value: f64::round_ties_even,
    derivative: |_| 0.0,
    integer: Some(Some),
};

/// 1 / (1 + e^-x).
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn sign(x: f64) -> f64 {
    if x == 0.0 {
        0.0
    } else {
        x.signum() * if x.is_nan() { f64::NAN } else { 1.0 }
    }
}

/// Applies `function` to each element. Integers become f32, unless `function` returns integers for
/// them.
pub fn apply(function: Function, t: &Tensor) -> Result<Tensor> {
    if let (false, Some(integer)) = (t.dtype().is_float(), function.integer) {
        let elements: Vec<i64> = t.to_dtype(DType::I64)?.flatten_all()?.to_vec1()?;
        let results: Option<Vec<i64>> = elements.into_iter().map(integer).collect();
        let results = results.ok_or_else(|| integers::overflow(function.name))?;
        return convert::from_i64(results, t.dims());
    }
    Ok(to_float(t)?
        .contiguous()?
        .apply_op1(Elementwise(function))?)
}

/// Applies a predicate to each element; returns 0 or 1 (u8).
pub fn map_bool(t: &Tensor, predicate: fn(f64) -> bool) -> Result<Tensor> {
    let truths = convert::to_f64(t)?
        .into_iter()
        .map(|x| u8::from(predicate(x)));
    Ok(Tensor::from_vec(
        truths.collect::<Vec<u8>>(),
        t.dims(),
        t.device(),
    )?)
}

/// The softmax along `axis`: e^x / sum e^x.
pub fn softmax(t: &Tensor, axis: i64) -> Result<Tensor> {
    let t = to_float(t)?;
    let axis = super::shape::axis("softmax", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t);
    }
    Ok(candle_nn::ops::softmax(&t, axis)?)
}

/// The logarithm of [`softmax`], accurate also for values close to 0.
pub fn log_softmax(t: &Tensor, axis: i64) -> Result<Tensor> {
    let t = to_float(t)?;
    let axis = super::shape::axis("log_softmax", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t);
    }
    Ok(candle_nn::ops::log_softmax(&t, axis)?)
}

struct Elementwise(Function);

impl CustomOp1 for Elementwise {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let elements = float_elements(self.0.name, s, l)?;
        let mapped = match_precision!(elements, x => map(x, self.0.value));
        Ok((mapped, l.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let derivative = Function {
            value: self.0.derivative,
            ..self.0
        };
        let derivatives = x
            .detach()
            .contiguous()?
            .apply_op1_no_bwd(&Elementwise(derivative))?;
        Ok(Some((grad * derivatives)?))
    }
}

pub(super) fn map<T: Real>(elements: &[T], f: fn(f64) -> f64) -> CpuStorage {
    let f = |x: &T| T::of(f(x.double()));
    T::to_cpu_storage_owned(match elements.len() < PARALLEL_THRESHOLD {
        true => elements.iter().map(f).collect(),
        false => elements.par_iter().map(f).collect(),
    })
}

/// Whether two arrays have the same shape and equal elements; NaN is not equal to NaN.
pub fn array_equal(left: &Tensor, right: &Tensor) -> Result<bool> {
    if left.dims() != right.dims() {
        return Ok(false);
    }
    let dtype = super::arith::promote(left.dtype(), right.dtype());
    if dtype == DType::I64 {
        let to_integers = |t: &Tensor| t.to_dtype(dtype)?.flatten_all()?.to_vec1::<i64>();
        return Ok(to_integers(left)? == to_integers(right)?);
    }
    Ok(convert::to_f64(left)? == convert::to_f64(right)?)
}

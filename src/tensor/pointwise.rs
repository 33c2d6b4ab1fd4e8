//! Functions of each number that candle lacks, or whose value or slope it gets wrong:
//! `log1p` and `softplus` without loss of small numbers, the slope 0 of `abs` and `relu` at 0.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::joined::real;
use super::{DType, Tensor, integers, values};
use crate::base::Result;

/// From this many numbers on, threads pay.
const PARALLEL: usize = 1 << 14;

/// A function of one number and its slope, both in double precision.
#[derive(Clone, Copy)]
pub struct Curve {
    pub name: &'static str,
    pub value: fn(f64) -> f64,
    pub slope: fn(f64) -> f64,
    /// The function of integers, if it gives integers: nothing where the result does not fit.
    pub integer: Option<fn(i64) -> Option<i64>>,
}

/// ln(1 + x).
pub const LOG1P: Curve = Curve {
    name: "log1p",
    value: f64::ln_1p,
    slope: |x| 1.0 / (1.0 + x),
    integer: None,
};

/// e^x - 1.
pub const EXPM1: Curve = Curve {
    name: "expm1",
    value: f64::exp_m1,
    slope: f64::exp,
    integer: None,
};

/// 1 / (1 + e^-x).
pub const SIGMOID: Curve = Curve {
    name: "sigmoid",
    value: sigmoid,
    slope: |x| sigmoid(x) * sigmoid(-x),
    integer: None,
};

/// ln(1 + e^x).
pub const SOFTPLUS: Curve = Curve {
    name: "softplus",
    value: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
    slope: sigmoid,
    integer: None,
};

/// max(x, 0); the slope at 0 is 0.
pub const RELU: Curve = Curve {
    name: "relu",
    value: |x| if x <= 0.0 { 0.0 } else { x },
    slope: |x| f64::from(u8::from(x > 0.0)),
    integer: Some(|n| Some(n.max(0))),
};

/// |x|; the slope at 0 is 0.
pub const ABS: Curve = Curve {
    name: "abs",
    value: f64::abs,
    slope: sign,
    integer: Some(i64::checked_abs),
};

/// -1, 0 or 1.
pub const SIGN: Curve = Curve {
    name: "sign",
    value: sign,
    slope: |_| 0.0,
    integer: Some(|n| Some(n.signum())),
};

/// The nearest whole number; halves go to the even one.
pub const ROUND: Curve = Curve {
    name: "round",
    value: f64::round_ties_even,
    slope: |_| 0.0,
    integer: Some(Some),
};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn sign(x: f64) -> f64 {
    if x == 0.0 {
        0.0
    } else {
        x.signum() * if x.is_nan() { f64::NAN } else { 1.0 }
    }
}

/// `curve` of each number; whole numbers become f32, but for those that `curve` leaves whole.
pub fn apply(curve: Curve, t: &Tensor) -> Result<Tensor> {
    if let (false, Some(integer)) = (t.dtype().is_float(), curve.integer) {
        let numbers: Vec<i64> = t.to_dtype(DType::I64)?.flatten_all()?.to_vec1()?;
        let results: Option<Vec<i64>> = numbers.into_iter().map(integer).collect();
        let results = results.ok_or_else(|| integers::overflow(curve.name))?;
        return values::wholes(results, t.dims());
    }
    Ok(real(t)?.contiguous()?.apply_op1(Each(curve))?)
}

/// Truth for each number, as u8.
pub fn test(t: &Tensor, holds: fn(f64) -> bool) -> Result<Tensor> {
    let truths = values::doubles(t)?.into_iter().map(|x| u8::from(holds(x)));
    Ok(Tensor::from_vec(
        truths.collect::<Vec<u8>>(),
        t.dims(),
        t.device(),
    )?)
}

/// Powers of each of the numbers that sum to 1 along `axis`: e^x / sum e^x.
pub fn softmax(t: &Tensor, axis: i64) -> Result<Tensor> {
    let t = real(t)?;
    let axis = super::shape::axis("softmax", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t);
    }
    Ok(candle_nn::ops::softmax(&t, axis)?)
}

/// The logarithm of [`softmax`], without loss where it is close to 0.
pub fn log_softmax(t: &Tensor, axis: i64) -> Result<Tensor> {
    let t = real(t)?;
    let axis = super::shape::axis("log_softmax", axis, t.rank())?;
    if t.elem_count() == 0 {
        return Ok(t);
    }
    Ok(candle_nn::ops::log_softmax(&t, axis)?)
}

struct Each(Curve);

impl CustomOp1 for Each {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (range, f) = (
            l.start_offset()..l.start_offset() + l.shape().elem_count(),
            self.0.value,
        );
        let mapped = match s {
            CpuStorage::F32(x) => CpuStorage::F32(each(&x[range], |x| f(f64::from(x)) as f32)),
            CpuStorage::F64(x) => CpuStorage::F64(each(&x[range], f)),
            _ => candle_core::bail!("{}: expected f32 or f64", self.0.name),
        };
        Ok((mapped, l.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let slope = Curve {
            value: self.0.slope,
            ..self.0
        };
        let slopes = x.detach().contiguous()?.apply_op1_no_bwd(&Each(slope))?;
        Ok(Some((grad * slopes)?))
    }
}

fn each<T: Copy + Send + Sync>(numbers: &[T], f: impl Fn(T) -> T + Sync) -> Vec<T> {
    if numbers.len() < PARALLEL {
        return numbers.iter().map(|&x| f(x)).collect();
    }
    numbers.par_iter().map(|&x| f(x)).collect()
}

/// Whether two arrays have the same shape and equal numbers; NaN equals nothing.
pub fn same(left: &Tensor, right: &Tensor) -> Result<bool> {
    if left.dims() != right.dims() {
        return Ok(false);
    }
    let dtype = super::arith::meet(left.dtype(), right.dtype());
    if dtype == DType::I64 {
        let whole = |t: &Tensor| t.to_dtype(dtype)?.flatten_all()?.to_vec1::<i64>();
        return Ok(whole(left)? == whole(right)?);
    }
    Ok(values::doubles(left)? == values::doubles(right)?)
}

//! The hyperbolic tangent and its gradient. Single precision is computed in double precision with
//! vector instructions and rounded once, which is more accurate and much faster than the function
//! of the C library.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, WithDType};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::custom_op::{float_elements, to_float};
use super::{AnyPrecision, Real, Tensor};
use crate::base::Result;

/// Number of elements per task of a thread.
const CHUNK: usize = 1 << 15;

/// From here on tanh rounds to 1 in single precision.
const LIMIT: f64 = 10.0;

/// 1.5 * 2^52: a sum with it is rounded to an integer, which the lowest bits then contain.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Number of terms of the series of e^r - 1 for |r| < 0.35. The relative error is below 1e-13.
const TERMS: usize = 11;

/// 1 / k! for k = 1, 2, ...
const INVERSE_FACTORIALS: [f64; TERMS] = {
    let mut all = [1.0; TERMS];
    let mut k = 1;
    while k < TERMS {
        all[k] = all[k - 1] / (k + 1) as f64;
        k += 1;
    }
    all
};

/// The hyperbolic tangent of each element. Integers become f32.
pub fn tanh(t: &Tensor) -> Result<Tensor> {
    Ok(to_float(t)?.contiguous()?.apply_op1(Tanh)?)
}

struct Tanh;

impl CustomOp1 for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let values = match float_elements("tanh", s, l)? {
            AnyPrecision::F32(x) => f32::to_cpu_storage_owned(map(x, fill_single)),
            AnyPrecision::F64(x) => f64::to_cpu_storage_owned(map(x, fill_double)),
        };
        Ok((values, l.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        value: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let derivative = value.detach().sqr()?.affine(-1.0, 1.0)?;
        Ok(Some((grad * derivative)?))
    }
}

fn map<T: Real>(x: &[T], fill: fn(&[T], &mut [T])) -> Vec<T> {
    let mut values = vec![T::of(0.0); x.len()];
    if x.len() <= CHUNK {
        fill(x, &mut values);
        return values;
    }
    let chunks = values.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
    chunks.for_each(|(values, x)| fill(x, values));
    values
}

fn fill_double(x: &[f64], values: &mut [f64]) {
    for (value, x) in values.iter_mut().zip(x) {
        *value = x.tanh();
    }
}

fn fill_single(x: &[f32], values: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, x) in values.iter_mut().zip(x) {
                *value = tanh_single(*x);
            }
        },
    );
}

/// tanh a = m / (2 + m) with m = e^(2a) - 1 = 2^k (e^r - 1) + (2^k - 1), without branches.
#[inline(always)]
fn tanh_single(x: f32) -> f32 {
    let a = f64::from(x.abs());
    let a = if a > LIMIT { LIMIT } else { a };
    let rounded = 2.0 * a * std::f64::consts::LOG2_E + ROUNDER;
    let scale = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    let r = 2.0 * a - (rounded - ROUNDER) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for term in INVERSE_FACTORIALS.iter().rev() {
        sum = sum * r + term;
    }
    let m = scale * (sum * r) + (scale - 1.0);
    ((m / (2.0 + m)) as f32).copysign(x)
}

//! Elementary functions without branches, which the compiler vectorizes in loops. All are based on
//! one series of e^x - 1, whose coefficients are inverse factorials.

use pulp::{Arch, Simd, WithSimd};

use super::Lanes;

/// 1 / k! for k = 0, 1, ...
const INVERSE_FACTORIALS: [f64; 16] = {
    let mut all = [1.0; 16];
    let mut k = 1;
    while k < 16 {
        all[k] = all[k - 1] / k as f64;
        k += 1;
    }
    all
};

/// tanh x, to about two units in the last place.
///
/// Source: tanh a = -m / (2 + m) with m = e^(-2a) - 1, which keeps its digits near zero.
#[inline(always)]
pub fn tanh<S: Simd, T: Lanes>(x: T) -> T {
    let a = clamp_above(x.magnitude(), T::TANH_LIMIT);
    let (p, scale) = expm1_parts::<S, T>(T::of(-2.0) * a);
    let m = fma::<S, T>(scale, p, scale - T::of(1.0));
    (-m / (T::of(2.0) + m)).copysign(x)
}

/// 1 / (1 + e^-x), to a few units in the last place for |x| below 87 (`f32`) or 708 (`f64`).
#[inline(always)]
pub fn sigmoid<S: Simd, T: Lanes>(x: T) -> T {
    T::of(1.0) / (T::of(1.0) + exp::<S, T>(-x))
}

/// ln(1 + e^x) as max(x, 0) + ln(1 + e^-|x|).
#[inline(always)]
pub fn softplus<S: Simd, T: Lanes>(x: T) -> T {
    let above = if x < T::of(0.0) { T::of(0.0) } else { x };
    above + ln_1p::<S, T>(exp::<S, T>(-x.magnitude()))
}

/// e^x, with x clamped to the range in which the result is a normal number.
#[inline(always)]
pub fn exp<S: Simd, T: Lanes>(x: T) -> T {
    let x = clamp_above(x, T::EXP_LIMIT);
    let x = if x < -T::EXP_LIMIT { -T::EXP_LIMIT } else { x };
    let (p, scale) = expm1_parts::<S, T>(x);
    fma::<S, T>(scale, p, scale)
}

/// Replaces each value x by `scale` e^x.
pub fn exp_in_place<T: Lanes>(values: &mut [T], scale: T) {
    struct All<'a, T> {
        values: &'a mut [T],
        scale: T,
    }
    impl<T: Lanes> WithSimd for All<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let scale = self.scale;
            for x in self.values {
                *x = scale * exp::<S, T>(*x);
            }
        }
    }
    Arch::new().dispatch(All { values, scale });
}

/// ln(1 + y) for y in [0, 1], as 2 atanh(y / (2 + y)).
#[inline(always)]
fn ln_1p<S: Simd, T: Lanes>(y: T) -> T {
    let s = y / (T::of(2.0) + y);
    let square = s * s;
    let mut sum = T::of(0.0);
    for k in (0..T::ATANH_TERMS).rev() {
        sum = fma::<S, T>(sum, square, T::of(1.0 / (2 * k + 1) as f64));
    }
    (s + s) * sum
}

/// `(p, 2^k)` with e^x = 2^k (1 + p), where k is the integer nearest to x / ln 2.
#[inline(always)]
fn expm1_parts<S: Simd, T: Lanes>(x: T) -> (T, T) {
    let shifted = fma::<S, T>(x, T::of(std::f64::consts::LOG2_E), T::ROUND_SHIFT);
    let k = shifted - T::ROUND_SHIFT;
    let r = fma::<S, T>(-k, T::LN_2[0], x);
    let r = fma::<S, T>(-k, T::LN_2[1], r);
    let mut sum = T::of(INVERSE_FACTORIALS[T::EXP_TERMS]);
    for k in (1..T::EXP_TERMS).rev() {
        sum = fma::<S, T>(sum, r, T::of(INVERSE_FACTORIALS[k]));
    }
    (sum * r, shifted.exp2_low_bits())
}

/// The minimum of x and `limit`; NaN if x is NaN.
#[inline(always)]
fn clamp_above<T: Lanes>(x: T, limit: T) -> T {
    if x > limit { limit } else { x }
}

/// a b + c, with one rounding, or with two where the processor has no fused multiply-add.
#[inline(always)]
fn fma<S: Simd, T: Lanes>(a: T, b: T, c: T) -> T {
    if S::IS_SCALAR { a * b + c } else { a.fma(b, c) }
}

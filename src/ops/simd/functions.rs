//! Elementary functions without branches, so that a loop over many numbers becomes vector code.
//! All stand on one series of e^x - 1, whose constants are plain factorials.

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
    let a = at_most(x.magnitude(), T::TANH_END);
    let (p, scale) = exp_minus_one_parts::<S, T>(T::of(-2.0) * a);
    let m = fused::<S, T>(scale, p, scale - T::of(1.0));
    (-m / (T::of(2.0) + m)).with_sign_of(x)
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
    above + ln_one_plus::<S, T>(exp::<S, T>(-x.magnitude()))
}

/// e^x, with x drawn into the range where the result is a normal number.
#[inline(always)]
pub fn exp<S: Simd, T: Lanes>(x: T) -> T {
    let x = at_most(x, T::EXP_END);
    let x = if x < -T::EXP_END { -T::EXP_END } else { x };
    let (p, scale) = exp_minus_one_parts::<S, T>(x);
    fused::<S, T>(scale, p, scale)
}

/// `scale e^x` of all numbers, in their place.
pub fn exp_all<T: Lanes>(numbers: &mut [T], scale: T) {
    struct All<'a, T> {
        numbers: &'a mut [T],
        scale: T,
    }
    impl<T: Lanes> WithSimd for All<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let scale = self.scale;
            for x in self.numbers {
                *x = scale * exp::<S, T>(*x);
            }
        }
    }
    Arch::new().dispatch(All { numbers, scale });
}

/// ln(1 + y) for y in [0, 1], as 2 atanh(y / (2 + y)).
#[inline(always)]
fn ln_one_plus<S: Simd, T: Lanes>(y: T) -> T {
    let s = y / (T::of(2.0) + y);
    let square = s * s;
    let mut sum = T::of(0.0);
    for k in (0..T::ATANH_TERMS).rev() {
        sum = fused::<S, T>(sum, square, T::of(1.0 / (2 * k + 1) as f64));
    }
    (s + s) * sum
}

/// `(p, 2^k)` with e^x = 2^k (1 + p): k is the whole number nearest to x / ln 2.
#[inline(always)]
fn exp_minus_one_parts<S: Simd, T: Lanes>(x: T) -> (T, T) {
    let shifted = fused::<S, T>(x, T::of(std::f64::consts::LOG2_E), T::ROUNDER);
    let k = shifted - T::ROUNDER;
    let r = fused::<S, T>(-k, T::LN_2[0], x);
    let r = fused::<S, T>(-k, T::LN_2[1], r);
    let mut sum = T::of(INVERSE_FACTORIALS[T::EXP_TERMS]);
    for k in (1..T::EXP_TERMS).rev() {
        sum = fused::<S, T>(sum, r, T::of(INVERSE_FACTORIALS[k]));
    }
    (sum * r, shifted.two_to_the_lowest_bits())
}

/// The smaller of both; NaN if x is.
#[inline(always)]
fn at_most<T: Lanes>(x: T, end: T) -> T {
    if x > end { end } else { x }
}

/// a b + c; in two roundings where the processor lacks the instruction for one.
#[inline(always)]
fn fused<S: Simd, T: Lanes>(a: T, b: T, c: T) -> T {
    if S::IS_SCALAR {
        a * b + c
    } else {
        a.fused(b, c)
    }
}

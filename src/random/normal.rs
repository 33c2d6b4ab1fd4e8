//! Standard normal numbers from random words: `sqrt(2) erfinv(u)` with u uniform in (-1, 1).
//!
//! The polynomials are those of JAX, so draws agree with JAX up to rounding. The central branch
//! (99.7 % of all draws, 99.9 % in double precision) runs over all lanes; the few lanes in the
//! tails are then recomputed one by one.
//!
//! Source: Giles 2010, "Approximating the erfinv function"; the logarithm: Moshier, Cephes.

use super::fill::{Distribution, Word};
use super::threefry::LANES;
use crate::tensor::Real;

/// A floating-point type in which uniform and normal numbers are computed.
pub trait Float: Sync {
    type Word: Word;
    /// The number in [0, 1) formed by the leading bits of a word.
    fn unit(word: Self::Word) -> Self;
}

impl Float for f32 {
    type Word = u32;
    #[inline(always)]
    fn unit(word: u32) -> f32 {
        f32::from_bits(word >> 9 | 1f32.to_bits()) - 1.0
    }
}

impl Float for f64 {
    type Word = u64;
    #[inline(always)]
    fn unit(word: u64) -> f64 {
        f64::from_bits(word >> 12 | 1f64.to_bits()) - 1.0
    }
}

/// Normal numbers, computed in `L` and converted to `T`.
pub struct Normal<L, T>(pub std::marker::PhantomData<fn() -> (L, T)>);

impl<L: Quantile, T: Real> Distribution for Normal<L, T> {
    type Word = L::Word;
    type Out = T;
    #[inline(always)]
    fn apply(&self, words: &[L::Word; LANES], out: &mut [T; LANES]) {
        let mut x = [L::ZERO; LANES];
        let mut neg_log = [L::ZERO; LANES];
        let mut value = [L::ZERO; LANES];
        let mut tails = false;
        for l in 0..LANES {
            x[l] = L::signed(words[l]);
            neg_log[l] = L::neg_log(x[l]);
            value[l] = L::central(x[l], neg_log[l]);
            tails |= L::in_tail(neg_log[l]);
        }
        for l in 0..LANES {
            out[l] = T::of(value[l].into());
        }
        if tails {
            recompute_tails(&x, &neg_log, out);
        }
    }
}

/// Recomputes the lanes in the tails.
#[inline(always)]
fn recompute_tails<L: Quantile, T: Real>(
    x: &[L; LANES],
    neg_log: &[L; LANES],
    out: &mut [T; LANES],
) {
    for l in 0..LANES {
        if L::in_tail(neg_log[l]) {
            out[l] = T::of(L::tail(x[l], neg_log[l]).into());
        }
    }
}

/// The parts of the quantile function of the normal distribution.
pub trait Quantile: Float + Copy + Into<f64> {
    const ZERO: Self;
    /// The number in (-1, 1) formed by a word.
    fn signed(word: Self::Word) -> Self;
    /// `w = -log(1 - x^2)`, the argument of the polynomials.
    fn neg_log(x: Self) -> Self;
    /// Whether `w` is outside the range of the central polynomial.
    fn in_tail(w: Self) -> bool;
    fn central(x: Self, w: Self) -> Self;
    fn tail(x: Self, w: Self) -> Self;
}

/// Evaluates the polynomial with these coefficients, highest power first.
macro_rules! polynomial {
    ($x:expr, $coefficients:expr) => {{
        let x = $x;
        let mut sum = $coefficients[0];
        let mut i = 1;
        while i < $coefficients.len() {
            sum = sum.mul_add(x, $coefficients[i]);
            i += 1;
        }
        sum
    }};
}

impl Quantile for f32 {
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn signed(word: u32) -> f32 {
        const LOWEST: f32 = -1.0 + f32::EPSILON / 2.0;
        // The width 1 - LOWEST of the interval rounds to 2, and multiplication by 2 is exact.
        f32::unit(word) * 2.0 + LOWEST
    }

    #[inline(always)]
    fn neg_log(x: f32) -> f32 {
        -log_f32(1.0 - x * x)
    }

    #[inline(always)]
    fn in_tail(w: f32) -> bool {
        w >= 5.0
    }

    #[inline(always)]
    fn central(x: f32, w: f32) -> f32 {
        polynomial!(w - 2.5, CENTRAL_F32) * x * std::f32::consts::SQRT_2
    }

    #[inline(always)]
    fn tail(x: f32, w: f32) -> f32 {
        polynomial!(w.sqrt() - 3.0, TAIL_F32) * x * std::f32::consts::SQRT_2
    }
}

impl Quantile for f64 {
    const ZERO: f64 = 0.0;

    #[inline(always)]
    fn signed(word: u64) -> f64 {
        const LOWEST: f64 = -1.0 + f64::EPSILON / 2.0;
        f64::unit(word) * 2.0 + LOWEST
    }

    #[inline(always)]
    fn neg_log(x: f64) -> f64 {
        -log_f64(1.0 - x * x)
    }

    #[inline(always)]
    fn in_tail(w: f64) -> bool {
        w >= 6.25
    }

    #[inline(always)]
    fn central(x: f64, w: f64) -> f64 {
        polynomial!(w - 3.125, CENTRAL_F64) * x * std::f64::consts::SQRT_2
    }

    #[inline(always)]
    fn tail(x: f64, w: f64) -> f64 {
        let value = if w < 16.0 {
            polynomial!(w.sqrt() - 3.25, TAIL_F64)
        } else {
            polynomial!(w.sqrt() - 5.0, FAR_TAIL_F64)
        };
        value * x * std::f64::consts::SQRT_2
    }
}

/// The natural logarithm of a positive normal number, without branches.
#[inline(always)]
fn log_f32(s: f32) -> f32 {
    const ROOT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    // s = 2^e m with m in [sqrt(1/2), sqrt(2)).
    let shifted = s.to_bits().wrapping_sub(ROOT_HALF);
    let e = ((shifted as i32) >> 23) as f32;
    let f = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(ROOT_HALF)) - 1.0;
    let square = f * f;
    let cubic = polynomial!(f, LOG_F32) * f * square;
    let tail = square.mul_add(-0.5, e.mul_add(LN_2_LOW_F32, cubic));
    e.mul_add(LN_2_HIGH_F32, f + tail)
}

/// The natural logarithm of a positive normal number, without branches.
#[inline(always)]
fn log_f64(s: f64) -> f64 {
    const ROOT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    /// 1.5 * 2^52: adding it to a small integer stores the integer in the lowest bits.
    const ROUND_SHIFT: f64 = 6_755_399_441_055_744.0;
    let shifted = s.to_bits().wrapping_sub(ROOT_HALF);
    let exponent = (shifted >> 52) as u32 as i32;
    // Sign-extends the 12-bit two's complement exponent without a conversion from 64-bit integers,
    // which AVX2 lacks.
    let e = f64::from_bits(
        ROUND_SHIFT
            .to_bits()
            .wrapping_add(((exponent << 20) >> 20) as i64 as u64),
    ) - ROUND_SHIFT;
    let f = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF).wrapping_add(ROOT_HALF)) - 1.0;
    let square = f * f;
    let cubic =
        polynomial!(f, LOG_NUMERATOR_F64) / polynomial!(f, LOG_DENOMINATOR_F64) * f * square;
    let tail = square.mul_add(-0.5, e.mul_add(LN_2_LOW_F64, cubic));
    e.mul_add(LN_2_HIGH_F64, f + tail)
}

/// `ln 2` as a sum of two numbers; the first has few bits, so that its multiples are exact.
const LN_2_HIGH_F32: f32 = 0.693_359_4;
const LN_2_LOW_F32: f32 = -2.121_944_4e-4;
const LN_2_HIGH_F64: f64 = 0.693_359_375;
const LN_2_LOW_F64: f64 = -2.121_944_400_546_905_8e-4;

/// Polynomial approximation of `(log(1 + f) - f + f^2/2) / f^3`.
const LOG_F32: [f32; 9] = [
    0.070376836,
    -0.1151461,
    0.116769984,
    -0.12420141,
    0.14249323,
    -0.16668057,
    0.20000714,
    -0.24999994,
    0.3333333,
];
/// Numerator of the rational approximation of `(log(1 + f) - f + f^2/2) / f^3`.
const LOG_NUMERATOR_F64: [f64; 6] = [
    0.00010187566380458093,
    0.497494994976747,
    4.705791198788817,
    14.498922534161093,
    17.936867850781983,
    7.708387337558854,
];
/// Denominator of the same approximation.
const LOG_DENOMINATOR_F64: [f64; 6] = [
    1.0,
    11.287358718916746,
    45.227914583753225,
    82.98752669127767,
    71.15447506185639,
    23.125162012676533,
];
/// `erfinv(x) / x` as a polynomial in `w - 2.5`, for w < 5.
const CENTRAL_F32: [f32; 9] = [
    2.8102264e-08,
    3.4327394e-07,
    -3.5233877e-06,
    -4.3915065e-06,
    0.00021858087,
    -0.001253725,
    -0.0041776816,
    0.24664073,
    1.5014094,
];
/// `erfinv(x) / x` as a polynomial in `sqrt(w) - 3`, for w >= 5.
const TAIL_F32: [f32; 9] = [
    -0.00020021426,
    0.00010095056,
    0.0013493432,
    -0.0036734284,
    0.0057395077,
    -0.0076224613,
    0.0094388705,
    1.001674,
    2.8329768,
];
/// `erfinv(x) / x` as a polynomial in `w - 3.125`, for w < 6.25.
const CENTRAL_F64: [f64; 23] = [
    -3.64441206401782e-21,
    -1.6850591381820166e-19,
    1.28584807152564e-18,
    1.1157877678025181e-17,
    -1.333171662854621e-16,
    2.0972767875968562e-17,
    6.637638134358324e-15,
    -4.054566272975207e-14,
    -8.151934197605472e-14,
    2.6335093153082323e-12,
    -1.2975133253453532e-11,
    -5.415412054294628e-11,
    1.0512122733215323e-09,
    -4.112633980346984e-09,
    -2.9070369957882005e-08,
    4.2347877827932404e-07,
    -1.3654692000834679e-06,
    -1.3882523362786469e-05,
    0.00018673420803405714,
    -0.000740702534166267,
    -0.006033670871430149,
    0.24015818242558962,
    1.6536545626831027,
];
/// `erfinv(x) / x` as a polynomial in `sqrt(w) - 3.25`, for 6.25 <= w < 16.
const TAIL_F64: [f64; 19] = [
    2.2137376921775787e-09,
    9.075656193888539e-08,
    -2.7517406297064545e-07,
    1.8239629214389228e-08,
    1.5027403968909828e-06,
    -4.013867526981546e-06,
    2.9234449089955446e-06,
    1.2475304481671779e-05,
    -4.7318229009055734e-05,
    6.828485145957318e-05,
    2.4031110387097894e-05,
    -0.0003550375203628475,
    0.0009532893797373805,
    -0.0016882755560235047,
    0.002491442096107851,
    -0.003751208507569241,
    0.005370914553590064,
    1.0052589676941592,
    3.0838856104922208,
];
/// `erfinv(x) / x` as a polynomial in `sqrt(w) - 5`, for w >= 16.
const FAR_TAIL_F64: [f64; 17] = [
    -2.7109920616438573e-11,
    -2.555641816996525e-10,
    1.5076572693500548e-09,
    -3.789465440126737e-09,
    7.61570120807834e-09,
    -1.496002662714924e-08,
    2.914795345090108e-08,
    -6.771199775845234e-08,
    2.2900482228026655e-07,
    -9.9298272942317e-07,
    4.526062597223154e-06,
    -1.968177810553167e-05,
    7.599527703001776e-05,
    -0.00021503011930044477,
    -0.00013871931833623122,
    1.0103004648645344,
    4.849906401408584,
];

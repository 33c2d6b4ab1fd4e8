//! The pieces that fused operations are made of: cells of trials, tile products and elementary
//! functions, for the widest vectors that the processor has (asked at run time).
//!
//! The trials of a batch lie side by side in the lanes of a vector, so that every step of a
//! network is the same instruction for all of them, whatever the sizes of the network. The trials
//! come in groups of [`TRIALS`]; sums are formed group by group, so that results have the same
//! bits on any number of threads and however many groups a thread takes at a time.

use pulp::{NullaryFnOnce, Simd};

use crate::tensor::Real;

pub mod division;
pub mod each;
pub mod functions;
pub mod product;
pub mod sums;
pub mod trials;

/// Trials in one group: a cache line of `f32`, the widest vector that there is.
pub const TRIALS: usize = 16;

/// One quantity (a unit, an input) of a group of trials at one time. Where several groups are
/// taken together, their cells of one quantity are neighbours.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub struct Cell<T>(pub [T; TRIALS]);

impl<T: Real> Cell<T> {
    /// The same number in every trial.
    pub fn splat(x: T) -> Cell<T> {
        Cell([x; TRIALS])
    }
}

/// All numbers of `cells`, one cell after another.
pub fn flat<T: Lanes>(cells: &[Cell<T>]) -> &[T] {
    let count = count(cells);
    // SAFETY: `Cell` is `repr(C)` around `[T; TRIALS]` and, as `count` made sure, nothing else:
    // cells follow each other without gaps, all of it numbers, under the same borrow.
    unsafe { std::slice::from_raw_parts(cells.as_ptr().cast(), count) }
}

/// All numbers of `cells`, one cell after another.
pub fn flat_mut<T: Lanes>(cells: &mut [Cell<T>]) -> &mut [T] {
    let count = count(cells);
    // SAFETY: as in `flat`; the borrow of `cells` is exclusive and passes to the result.
    unsafe { std::slice::from_raw_parts_mut(cells.as_mut_ptr().cast(), count) }
}

/// Compiles `body` for the processor `S`, and runs it.
///
/// Not `simd.vectorize(body)`: a closure handed over by value is called through a shim that the
/// compiler writes, which knows nothing of the processor. Where `body` is too long to vanish from
/// there, each vector instruction becomes a call (ten times slower, seen with AVX-512).
#[inline(always)]
pub fn vectorize<S: Simd>(simd: S, body: impl FnMut()) {
    struct Body<F>(F);
    impl<F: FnMut()> NullaryFnOnce for Body<F> {
        type Output = ();

        #[inline(always)]
        fn call(mut self) {
            (self.0)();
        }
    }
    simd.vectorize(Body(body));
}

fn count<T>(cells: &[Cell<T>]) -> usize {
    const { assert!(size_of::<Cell<T>>() == TRIALS * size_of::<T>()) };
    cells.len() * TRIALS
}

/// A number that fills vectors: what the loops need of `f32` and `f64`.
pub trait Lanes: Real {
    /// A vector of this number on the processor `S`.
    type Vector<S: Simd>: Copy;
    /// `1.5 * 2^(digits of the fraction)`: a sum with it is rounded to a whole number, which then
    /// stands in the lowest bits.
    const ROUNDER: Self;
    /// ln 2 as a sum of two, the first short enough that its product with an exponent is exact.
    const LN_2: [Self; 2];
    /// Terms of the series of e^x - 1 for |x| <= ln(2) / 2.
    const EXP_TERMS: usize;
    /// Terms of the series of atanh for |x| <= 1/3.
    const ATANH_TERMS: usize;
    /// From here on tanh is 1 within rounding.
    const TANH_END: Self;
    /// Between minus this and this, e^x is a normal number.
    const EXP_END: Self;

    /// The vectors that all numbers of some cells make.
    fn vectors<S: Simd>(numbers: &[Self]) -> &[Self::Vector<S>];
    fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [Self::Vector<S>];
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `a * b + c` in each lane.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `a + b` in each lane.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `self * b + c`, rounded once.
    fn fused(self, b: Self, c: Self) -> Self;
    fn magnitude(self) -> Self;
    fn with_sign_of(self, other: Self) -> Self;
    /// 2^k for the whole number k that stands in the lowest bits of `self`; see [`Lanes::ROUNDER`].
    fn two_to_the_lowest_bits(self) -> Self;
}

macro_rules! lanes {
    ($type:ty, $bits:ty, $vector:ident, $splat:ident, $mul_add:ident, $add:ident, $as:ident,
     $as_mut:ident, { $($constants:item)* }) => {
        impl Lanes for $type {
            type Vector<S: Simd> = S::$vector;
            $($constants)*

            #[inline(always)]
            fn vectors<S: Simd>(numbers: &[Self]) -> &[S::$vector] {
                S::$as(numbers).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut(numbers).0
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                c: S::$vector,
            ) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn fused(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                self.copysign(other)
            }
            #[inline(always)]
            fn two_to_the_lowest_bits(self) -> Self {
                const FRACTION: u32 = <$type>::MANTISSA_DIGITS - 1;
                const BIAS: $bits = (<$type>::MAX_EXP - 1) as $bits;
                <$type>::from_bits((self.to_bits() << FRACTION).wrapping_add(BIAS << FRACTION))
            }
        }
    };
}

lanes!(
    f32,
    u32,
    f32s,
    splat_f32s,
    mul_add_e_f32s,
    add_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    {
        const ROUNDER: f32 = 12_582_912.0;
        const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
        const EXP_TERMS: usize = 7;
        const ATANH_TERMS: usize = 8;
        const TANH_END: f32 = 10.0;
        const EXP_END: f32 = 87.0;
    }
);
lanes!(
    f64,
    u64,
    f64s,
    splat_f64s,
    mul_add_e_f64s,
    add_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    {
        const ROUNDER: f64 = 6_755_399_441_055_744.0;
        const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
        const EXP_TERMS: usize = 14;
        const ATANH_TERMS: usize = 17;
        const TANH_END: f64 = 20.0;
        const EXP_END: f64 = 708.0;
    }
);

//! SIMD kernels of the fused operations: matrix products, elementwise loops and elementary
//! functions, for the widest vectors of the processor (detected at run time).
//!
//! Each SIMD lane holds one trial of a batch, so that each instruction advances all trials of a
//! vector, whatever the sizes of the network. Trials are divided into groups of [`TRIALS`]. Sums
//! are accumulated group by group, so that results have the same bits for any number of threads and
//! for any number of groups that a thread processes together.

use pulp::{NullaryFnOnce, Simd};

use crate::tensor::Real;

pub mod elementwise;
pub mod gemm;
pub mod gemm_tn;
pub mod lanes;
pub mod math;
pub mod partition;

/// Trials in one group: one cache line of `f32`, the widest vector of any processor.
pub const TRIALS: usize = 16;

/// One quantity (a unit, an input) of a group of trials at one time step. Where several groups are
/// processed together, their values of one quantity are adjacent.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub struct Lane16<T>(pub [T; TRIALS]);

impl<T: Real> Lane16<T> {
    /// The same value in every trial.
    pub fn splat(x: T) -> Lane16<T> {
        Lane16([x; TRIALS])
    }
}

/// The values of `lanes` as a flat slice.
pub fn flat<T: Lanes>(lanes: &[Lane16<T>]) -> &[T] {
    let count = value_count(lanes);
    // SAFETY: `Lane16` is `repr(C)` with the single field `[T; TRIALS]` and no padding, which
    // `value_count` checks, so the memory consists of `count` values of `T` under the same borrow.
    unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), count) }
}

/// The values of `lanes` as a flat mutable slice.
pub fn flat_mut<T: Lanes>(lanes: &mut [Lane16<T>]) -> &mut [T] {
    let count = value_count(lanes);
    // SAFETY: as in `flat`; the borrow of `lanes` is exclusive and passes to the result.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), count) }
}

/// Runs `body`, compiled for the processor `S`.
///
/// `simd.vectorize(body)` is not sufficient: a closure that is passed by value is called through a
/// compiler-generated shim without the target features of the processor. If `body` is too long to
/// be inlined there, each vector instruction becomes a function call (ten times slower, measured
/// with AVX-512).
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

fn value_count<T>(lanes: &[Lane16<T>]) -> usize {
    const { assert!(size_of::<Lane16<T>>() == TRIALS * size_of::<T>()) };
    lanes.len() * TRIALS
}

/// An element type of SIMD vectors: the operations that the kernels need of `f32` and `f64`.
pub trait Lanes: Real {
    /// SIMD vector of this type on the processor `S`.
    type Vector<S: Simd>: Copy;
    /// `1.5 * 2^(fraction digits)`: adding it rounds to an integer and places that integer in the
    /// lowest bits.
    const ROUND_SHIFT: Self;
    /// ln 2 as a sum of two terms; the first has few enough digits that its product with an
    /// exponent is exact.
    const LN_2: [Self; 2];
    /// Number of terms of the series of e^x - 1 for |x| <= ln(2) / 2.
    const EXP_TERMS: usize;
    /// Number of terms of the series of atanh for |x| <= 1/3.
    const ATANH_TERMS: usize;
    /// tanh rounds to 1 from this value on.
    const TANH_LIMIT: Self;
    /// e^x is a normal number for |x| up to this value.
    const EXP_LIMIT: Self;

    /// `values` as SIMD vectors; the number of values must be a multiple of the vector length.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>];
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>];
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
    fn fma(self, b: Self, c: Self) -> Self;
    fn magnitude(self) -> Self;
    fn copysign(self, other: Self) -> Self;
    /// 2^k for the integer k in the lowest bits of `self`; see [`Lanes::ROUND_SHIFT`].
    fn exp2_low_bits(self) -> Self;
}

macro_rules! lanes {
    ($type:ty, $bits:ty, $vector:ident, $splat:ident, $mul_add:ident, $add:ident, $as:ident,
     $as_mut:ident, { $($constants:item)* }) => {
        impl Lanes for $type {
            type Vector<S: Simd> = S::$vector;
            $($constants)*

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> &[S::$vector] {
                S::$as(values).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut(values).0
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
            fn fma(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn copysign(self, other: Self) -> Self {
                self.copysign(other)
            }
            #[inline(always)]
            fn exp2_low_bits(self) -> Self {
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
        const ROUND_SHIFT: f32 = 12_582_912.0;
        const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
        const EXP_TERMS: usize = 7;
        const ATANH_TERMS: usize = 8;
        const TANH_LIMIT: f32 = 10.0;
        const EXP_LIMIT: f32 = 87.0;
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
        const ROUND_SHIFT: f64 = 6_755_399_441_055_744.0;
        const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
        const EXP_TERMS: usize = 14;
        const ATANH_TERMS: usize = 17;
        const TANH_LIMIT: f64 = 20.0;
        const EXP_LIMIT: f64 = 708.0;
    }
);

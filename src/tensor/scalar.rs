//! The floating-point types of computations.

use candle_core::WithDType;

/// `f32` or `f64`. Constants are written as `T::of(0.5)`.
pub trait Real:
    WithDType
    + Default
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
    + std::ops::SubAssign
    + std::ops::MulAssign
{
    /// The nearest number of this type.
    fn of(x: f64) -> Self;
    /// The same number in double precision (exact).
    fn double(self) -> f64;
    fn sqrt(self) -> Self;
    fn is_finite(self) -> bool;
}

macro_rules! reals {
    ($($type:ty),*) => { $(
        impl Real for $type {
            #[inline(always)]
            fn of(x: f64) -> Self { x as $type }
            #[inline(always)]
            fn double(self) -> f64 { f64::from(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { self.sqrt() }
            #[inline(always)]
            fn is_finite(self) -> bool { self.is_finite() }
        }
    )* };
}

reals!(f32, f64);

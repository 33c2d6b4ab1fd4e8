//! What a unit makes of its sum.

use pulp::Simd;

use crate::choices;
use crate::ops::simd::{Cell, Lanes, flat, flat_mut, functions};

choices! {
    /// The function f in `h' = f(...)`.
    pub enum Nonlinearity {
        #[default]
        Tanh = "tanh",
        Relu = "relu",
        Softplus = "softplus",
        Linear = "linear",
    }
}

impl Nonlinearity {
    /// Replaces each sum by f of it and, where `slopes` is not empty, writes f' beside it.
    pub(super) fn apply<S: Simd, T: Lanes>(
        self,
        simd: S,
        sums: &mut [Cell<T>],
        slopes: &mut [Cell<T>],
    ) {
        match self {
            Nonlinearity::Tanh => each(simd, sums, slopes, tanh::<S, T>),
            Nonlinearity::Relu => each(simd, sums, slopes, relu::<T>),
            Nonlinearity::Softplus => each(simd, sums, slopes, softplus::<S, T>),
            Nonlinearity::Linear => each(simd, sums, slopes, linear::<T>),
        }
    }
}

// Each gives f and f' of one number. They capture nothing: a captured constant would be read from
// memory again for every number, and the loop would not become vector code.

#[inline(always)]
fn tanh<S: Simd, T: Lanes>(x: T) -> (T, T) {
    let y = functions::tanh::<S, T>(x);
    (y, T::of(1.0) - y * y)
}

/// The slope at 0 is 0; NaN stays NaN.
#[inline(always)]
fn relu<T: Lanes>(x: T) -> (T, T) {
    if x <= T::of(0.0) {
        (T::of(0.0), T::of(0.0))
    } else {
        (x, T::of(1.0))
    }
}

#[inline(always)]
fn softplus<S: Simd, T: Lanes>(x: T) -> (T, T) {
    (
        functions::softplus::<S, T>(x),
        functions::sigmoid::<S, T>(x),
    )
}

#[inline(always)]
fn linear<T: Lanes>(x: T) -> (T, T) {
    (x, T::of(1.0))
}

#[inline(always)]
fn each<S: Simd, T: Lanes>(
    simd: S,
    sums: &mut [Cell<T>],
    slopes: &mut [Cell<T>],
    f: impl Fn(T) -> (T, T),
) {
    let (sums, slopes) = (flat_mut(sums), flat_mut(slopes));
    simd.vectorize(
        #[inline(always)]
        || {
            if slopes.is_empty() {
                for x in sums {
                    *x = f(*x).0;
                }
            } else {
                for (x, slope) in sums.iter_mut().zip(slopes) {
                    (*x, *slope) = f(*x);
                }
            }
        },
    );
}

/// Multiplies each slope by what arrived at its unit.
pub(super) fn chain<S: Simd, T: Lanes>(simd: S, slopes: &mut [Cell<T>], arrived: &[Cell<T>]) {
    let (slopes, arrived) = (flat_mut(slopes), flat(arrived));
    simd.vectorize(
        #[inline(always)]
        || {
            for (slope, x) in slopes.iter_mut().zip(arrived) {
                *slope *= *x;
            }
        },
    );
}

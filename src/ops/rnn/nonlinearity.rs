//! What a unit makes of its sum.

use pulp::Simd;

use crate::base::Result;
use crate::choices;
use crate::ops::simd::{Cell, Lanes, flat_mut, functions, vectorize};
use crate::tensor::{Tensor, pointwise};

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
    /// f of every number, on the tape of candle's autograd.
    pub fn of(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Nonlinearity::Tanh => Ok(x.tanh()?),
            Nonlinearity::Relu => pointwise::apply(pointwise::RELU, x),
            Nonlinearity::Softplus => pointwise::apply(pointwise::SOFTPLUS, x),
            Nonlinearity::Linear => Ok(x.clone()),
        }
    }

    /// Replaces each sum by f of it, and writes f' beside it.
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
    vectorize(
        simd,
        #[inline(always)]
        || {
            for (x, slope) in sums.iter_mut().zip(slopes.iter_mut()) {
                (*x, *slope) = f(*x);
            }
        },
    );
}

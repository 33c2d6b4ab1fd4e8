//! Nonlinearities of the units and their derivatives.

use pulp::Simd;

use crate::base::Result;
use crate::choices;
use crate::ops::simd::{Lane16, Lanes, flat_mut, math, vectorize};
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
    /// f of each element, recorded by candle's autograd.
    pub fn of(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Nonlinearity::Tanh => Ok(x.tanh()?),
            Nonlinearity::Relu => pointwise::apply(pointwise::RELU, x),
            Nonlinearity::Softplus => pointwise::apply(pointwise::SOFTPLUS, x),
            Nonlinearity::Linear => Ok(x.clone()),
        }
    }

    /// f(x) and f'(x).
    pub fn evaluate(self, x: f64) -> (f64, f64) {
        match self {
            Nonlinearity::Tanh => {
                let y = x.tanh();
                (y, 1.0 - y * y)
            }
            Nonlinearity::Relu if x <= 0.0 => (0.0, 0.0),
            Nonlinearity::Softplus => {
                let tail = (-x.abs()).exp();
                let sigmoid = if x >= 0.0 { 1.0 } else { tail } / (1.0 + tail);
                (x.max(0.0) + tail.ln_1p(), sigmoid)
            }
            Nonlinearity::Relu | Nonlinearity::Linear => (x, 1.0),
        }
    }

    /// Replaces each pre-activation a by f(a) and writes f'(a) to `derivatives`.
    pub(super) fn apply<S: Simd, T: Lanes>(
        self,
        simd: S,
        preactivations: &mut [Lane16<T>],
        derivatives: &mut [Lane16<T>],
    ) {
        match self {
            Nonlinearity::Tanh => map(simd, preactivations, derivatives, tanh::<S, T>),
            Nonlinearity::Relu => map(simd, preactivations, derivatives, relu::<T>),
            Nonlinearity::Softplus => map(simd, preactivations, derivatives, softplus::<S, T>),
            Nonlinearity::Linear => map(simd, preactivations, derivatives, linear::<T>),
        }
    }
}

// Each function returns f(x) and f'(x). None captures a constant: the loop would reload it from
// memory for every element and would not be vectorized.

#[inline(always)]
fn tanh<S: Simd, T: Lanes>(x: T) -> (T, T) {
    let y = math::tanh::<S, T>(x);
    (y, T::of(1.0) - y * y)
}

/// The derivative at 0 is 0; NaN stays NaN.
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
    (math::softplus::<S, T>(x), math::sigmoid::<S, T>(x))
}

#[inline(always)]
fn linear<T: Lanes>(x: T) -> (T, T) {
    (x, T::of(1.0))
}

#[inline(always)]
fn map<S: Simd, T: Lanes>(
    simd: S,
    preactivations: &mut [Lane16<T>],
    derivatives: &mut [Lane16<T>],
    f: impl Fn(T) -> (T, T),
) {
    let (preactivations, derivatives) = (flat_mut(preactivations), flat_mut(derivatives));
    vectorize(
        simd,
        #[inline(always)]
        || {
            for (x, derivative) in preactivations.iter_mut().zip(derivatives.iter_mut()) {
                (*x, *derivative) = f(*x);
            }
        },
    );
}

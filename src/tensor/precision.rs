//! Single or double precision, selected at run time.
//!
//! Computations are generic in their floating-point type, a [`super::Real`]. [`AnyPrecision`]
//! contains a value of either type, and the macros of this file are the only dispatch between the
//! two: the other modules neither match on its variants nor define traits for f32 and f64.

use super::DType;
use crate::choices;

choices! {
    /// The dtype in which a network computes.
    pub enum Precision {
        #[default]
        F32 = "f32",
        F64 = "f64",
    }
}

impl Precision {
    /// The tensor dtype.
    pub fn dtype(self) -> DType {
        match self {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }

    /// The precision of tensors of this dtype, if it is f32 or f64.
    pub fn from_dtype(dtype: DType) -> Option<Precision> {
        match dtype {
            DType::F32 => Some(Precision::F32),
            DType::F64 => Some(Precision::F64),
            _ => None,
        }
    }

    /// f64 if any of the dtypes is f64, otherwise f32.
    pub fn widest(dtypes: impl IntoIterator<Item = DType>) -> Precision {
        match dtypes.into_iter().any(|dtype| dtype == DType::F64) {
            true => Precision::F64,
            false => Precision::F32,
        }
    }

    /// The machine epsilon.
    pub fn epsilon(self) -> f64 {
        match self {
            Precision::F32 => f64::from(f32::EPSILON),
            Precision::F64 => f64::EPSILON,
        }
    }
}

/// A value in single precision, of type `S`, or in double precision, of type `D`.
#[derive(Debug, Clone)]
pub enum AnyPrecision<S, D> {
    F32(S),
    F64(D),
}

impl<S, D> AnyPrecision<S, D> {
    pub fn precision(&self) -> Precision {
        match self {
            AnyPrecision::F32(_) => Precision::F32,
            AnyPrecision::F64(_) => Precision::F64,
        }
    }

    pub fn dtype(&self) -> DType {
        self.precision().dtype()
    }

    /// Both values, if their precisions are equal.
    pub fn zip<U, E>(self, other: AnyPrecision<U, E>) -> Option<AnyPrecision<(S, U), (D, E)>> {
        match (self, other) {
            (AnyPrecision::F32(a), AnyPrecision::F32(b)) => Some(AnyPrecision::F32((a, b))),
            (AnyPrecision::F64(a), AnyPrecision::F64(b)) => Some(AnyPrecision::F64((a, b))),
            _ => None,
        }
    }
}

/// The variant of an [`AnyPrecision`] in precision `T`. Generic functions require it in a bound
/// such as `AnyModel: Select<T, Value = Model<T>>`.
pub trait Select<T> {
    type Value;
    fn wrap(value: Self::Value) -> Self;
    /// The value, if it has this precision.
    fn select_mut(&mut self) -> Option<&mut Self::Value>;
}

impl<S, D> Select<f32> for AnyPrecision<S, D> {
    type Value = S;

    fn wrap(value: S) -> Self {
        AnyPrecision::F32(value)
    }

    fn select_mut(&mut self) -> Option<&mut S> {
        match self {
            AnyPrecision::F32(value) => Some(value),
            AnyPrecision::F64(_) => None,
        }
    }
}

impl<S, D> Select<f64> for AnyPrecision<S, D> {
    type Value = D;

    fn wrap(value: D) -> Self {
        AnyPrecision::F64(value)
    }

    fn select_mut(&mut self) -> Option<&mut D> {
        match self {
            AnyPrecision::F32(_) => None,
            AnyPrecision::F64(value) => Some(value),
        }
    }
}

/// Evaluates an expression with the content of an [`AnyPrecision`].
macro_rules! match_precision {
    ($value:expr, $inner:ident => $body:expr) => {
        match $value {
            $crate::tensor::AnyPrecision::F32($inner) => $body,
            $crate::tensor::AnyPrecision::F64($inner) => $body,
        }
    };
}

/// Converts the content of an [`AnyPrecision`]; the result is one of the same precision.
macro_rules! map_precision {
    ($value:expr, $inner:ident => $body:expr) => {
        match $value {
            $crate::tensor::AnyPrecision::F32($inner) => $crate::tensor::AnyPrecision::F32($body),
            $crate::tensor::AnyPrecision::F64($inner) => $crate::tensor::AnyPrecision::F64($body),
        }
    };
}

/// An [`AnyPrecision`] of the given [`Precision`] from a generic expression.
macro_rules! build_precision {
    ($precision:expr => $body:expr) => {
        match $precision {
            $crate::tensor::Precision::F32 => $crate::tensor::AnyPrecision::F32($body),
            $crate::tensor::Precision::F64 => $crate::tensor::AnyPrecision::F64($body),
        }
    };
}

/// Evaluates an expression in which `$type` is the floating-point type of a [`Precision`].
macro_rules! with_precision {
    ($precision:expr, $type:ident => $body:expr) => {
        match $precision {
            $crate::tensor::Precision::F32 => {
                type $type = f32;
                $body
            }
            $crate::tensor::Precision::F64 => {
                type $type = f64;
                $body
            }
        }
    };
}

pub(crate) use {build_precision, map_precision, match_precision, with_precision};

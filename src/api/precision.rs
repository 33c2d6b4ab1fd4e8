//! A script object in one of two precisions: f32 or f64.

use crate::tensor::DType;

/// A value in f32 or in f64.
#[derive(Clone)]
pub enum AnyPrecision<S, D> {
    F32(S),
    F64(D),
}

impl<S, D> AnyPrecision<S, D> {
    pub fn dtype(&self) -> DType {
        match self {
            AnyPrecision::F32(_) => DType::F32,
            AnyPrecision::F64(_) => DType::F64,
        }
    }
}

/// Evaluates one expression for either precision.
macro_rules! match_precision {
    ($value:expr, $inner:ident => $body:expr) => {
        match $value {
            $crate::api::precision::AnyPrecision::F32($inner) => $body,
            $crate::api::precision::AnyPrecision::F64($inner) => $body,
        }
    };
}

pub(crate) use match_precision;

//! What a script holds in one of two kinds of number.

use crate::tensor::DType;

/// One of the two.
#[derive(Clone)]
pub enum Either<S, D> {
    F32(S),
    F64(D),
}

impl<S, D> Either<S, D> {
    pub fn dtype(&self) -> DType {
        match self {
            Either::F32(_) => DType::F32,
            Either::F64(_) => DType::F64,
        }
    }
}

/// Does the same with whichever it is.
macro_rules! either {
    ($either:expr, $inner:ident => $value:expr) => {
        match $either {
            $crate::api::either::Either::F32($inner) => $value,
            $crate::api::either::Either::F64($inner) => $value,
        }
    };
}

pub(crate) use either;

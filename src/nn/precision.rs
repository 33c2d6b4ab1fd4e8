//! The precision of a network.

use crate::choices;
use crate::tensor::DType;

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
}

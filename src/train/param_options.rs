//! Options that refer to single parameters by name.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::options::{OptionType, Slot};
use crate::tensor::Tensor;

/// Weights of the l2 penalty.
#[derive(Debug, Clone, PartialEq)]
pub enum L2 {
    /// The same weight for all parameters.
    Uniform(f64),
    /// Weights by name of the parameter, and 0 for all others.
    PerParameter(BTreeMap<String, f64>),
}

/// Names of parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParamNames(pub Vec<String>);

/// Masks by name of the parameter.
#[derive(Debug, Clone, Default)]
pub struct ParamMasks(pub BTreeMap<String, Tensor>);

impl Default for L2 {
    fn default() -> L2 {
        L2::Uniform(0.0)
    }
}

impl From<f64> for L2 {
    fn from(weight: f64) -> L2 {
        L2::Uniform(weight)
    }
}

impl fmt::Display for L2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            L2::Uniform(weight) => write!(f, "{weight}"),
            L2::PerParameter(weights) => write!(f, "{weights:?}"),
        }
    }
}

impl OptionType for L2 {
    const KIND: &'static str = "number or map of numbers";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
    fn script_syntax(&self) -> String {
        match self {
            L2::Uniform(weight) => weight.script_syntax(),
            L2::PerParameter(_) => "map".into(),
        }
    }
}

impl OptionType for ParamNames {
    const KIND: &'static str = "list of names";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

impl OptionType for ParamMasks {
    const KIND: &'static str = "map of tensors";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

//! Trial data as an argument of script functions.

use super::convert::ExactTensor;
use super::diagnostic::Diagnostic;
use super::value::FromValue;
use super::value::Value;
use crate::tensor::Tensor;

/// The data of trials: one tensor of all trials, or one tensor per trial.
#[derive(Debug, Clone)]
pub enum Trials {
    /// All trials, of shape `[b, t, channels]`.
    Stacked(Tensor),
    /// One tensor of shape `[t, channels]` per trial.
    Separate(Vec<Tensor>),
}

impl FromValue for Trials {
    fn kind() -> String {
        "tensor or list of tensors".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let value = match ExactTensor::from_value(value) {
            Ok(tensor) => return Ok(Trials::Stacked(tensor.0)),
            Err(value) => value,
        };
        let Value::List(items) = &value else {
            return Err(value);
        };
        let trials = items
            .iter()
            .map(|item| Some(ExactTensor::from_value(item.clone()).ok()?.0));
        let trials: Option<Vec<Tensor>> = trials.collect();
        trials.map(Trials::Separate).ok_or(value)
    }
}

impl Trials {
    /// All trials in one tensor; `of` names the function in error messages.
    ///
    /// Errors: trials that differ in shape
    pub fn stack(self, of: &str) -> Result<Tensor, Diagnostic> {
        let trials = match self {
            Trials::Stacked(tensor) => return Ok(tensor),
            Trials::Separate(trials) => trials,
        };
        let first = trials.first().map(|trial| trial.dims().to_vec());
        let other = trials
            .iter()
            .position(|trial| Some(trial.dims()) != first.as_deref());
        if let (Some(first), Some(other)) = (first, other) {
            let shape = trials[other].dims();
            let hint = "all trials must have the same number of time steps: cut them to the \
                        shortest, as with trial.slice(0, 0, steps), or into windows of equal \
                        length";
            return Err(Diagnostic::new(format!(
                "{of}: trial 0 is {first:?}, trial {other} is {shape:?}: expected trials of \
                 equal shape [t, channels]"
            ))
            .hint(hint));
        }
        Ok(Tensor::stack(&trials, 0).map_err(crate::base::Error::from)?)
    }
}

//! Data of trials as scripts hand it over.

use super::convert::Exact;
use super::fault::Fault;
use super::native::FromValue;
use super::value::Value;
use crate::tensor::Tensor;

/// Numbers of trials: one tensor of all, or a tensor for each.
#[derive(Debug, Clone)]
pub enum Trials {
    Whole(Tensor),
    Each(Vec<Tensor>),
}

impl FromValue for Trials {
    fn kind() -> String {
        "tensor or list of tensors".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let value = match Exact::from_value(value) {
            Ok(tensor) => return Ok(Trials::Whole(tensor.0)),
            Err(value) => value,
        };
        let Value::List(items) = &value else {
            return Err(value);
        };
        let trials = items
            .iter()
            .map(|item| Some(Exact::from_value(item.clone()).ok()?.0));
        let trials: Option<Vec<Tensor>> = trials.collect();
        trials.map(Trials::Each).ok_or(value)
    }
}

impl Trials {
    /// All trials in one tensor.
    ///
    /// Errors: trials differ in shape
    pub fn stacked(self, of: &str) -> Result<Tensor, Fault> {
        let trials = match self {
            Trials::Whole(tensor) => return Ok(tensor),
            Trials::Each(trials) => trials,
        };
        let first = trials.first().map(|trial| trial.dims().to_vec());
        let other = trials
            .iter()
            .position(|trial| Some(trial.dims()) != first.as_deref());
        if let (Some(first), Some(other)) = (first, other) {
            let found = trials[other].dims();
            let hint = "trials of one length go through the model together: cut them to the \
                        shortest, as with trial.slice(0, 0, steps), or into windows of one length";
            return Err(Fault::new(format!(
                "{of}: trial 0 is {first:?}, trial {other} is {found:?}: expected trials of one \
                 shape [t, channels]"
            ))
            .hint(hint));
        }
        Ok(Tensor::stack(&trials, 0).map_err(crate::base::Error::from)?)
    }
}

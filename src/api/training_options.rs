//! Values of scripts as options of training: losses, and options by name of the parameter.

use std::rc::Rc;

use super::convert::as_number;
use super::diagnostic::Diagnostic;
use super::value::{FromValue, Function, Value};
use crate::base::options::{Choice as _, OptionType};
use crate::base::{Error, Result};
use crate::nn::{LossFunction, ParamMap, UserFn};
use crate::ops::rnn::Loss;
use crate::tensor::Tensor;
use crate::train::{L2, ParamMasks, ParamNames};

/// The function in errors about a user loss.
const USER_LOSS: &str = "the loss function";

impl FromValue for LossFunction {
    fn kind() -> String {
        LossFunction::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let mut loss = Loss::default();
        match value {
            Value::Text(name) if loss.select(&name) => Ok(LossFunction::BuiltIn(loss)),
            Value::Function(function) => Ok(LossFunction::User(Rc::new(user_loss(function)))),
            value => Err(value),
        }
    }
}

/// Accepts a number, or a map of numbers.
impl FromValue for L2 {
    fn kind() -> String {
        L2::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Some(weight) = as_number(&value) {
            return Ok(L2::Uniform(weight));
        }
        let Value::Map(map) = &value else {
            return Err(value);
        };
        let weights = map
            .iter()
            .map(|(name, weight)| Some((name.clone(), as_number(weight)?)));
        weights
            .collect::<Option<_>>()
            .map(L2::PerParameter)
            .ok_or(value)
    }
}

impl FromValue for ParamNames {
    fn kind() -> String {
        ParamNames::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let name = |name: &Value| match name {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        };
        let names = match &value {
            Value::List(names) => names.iter().map(name).collect::<Option<_>>(),
            value => name(value).map(|name| vec![name]),
        };
        names.map(ParamNames).ok_or(value)
    }
}

/// Accepts a map of tensors, or of lists of numbers.
impl FromValue for ParamMasks {
    fn kind() -> String {
        ParamMasks::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::Map(map) = &value else {
            return Err(value);
        };
        let masks = map.iter().map(|(name, mask)| {
            let mask = Tensor::from_value(mask.clone()).ok()?;
            Some((name.clone(), mask))
        });
        masks.collect::<Option<_>>().map(ParamMasks).ok_or(value)
    }
}

/// A closure as a loss of the engine.
fn user_loss(function: Function) -> UserFn {
    let closure = function.clone();
    let locate =
        move |error: Error| -> Error { Diagnostic::from(error).at(closure.location()).into() };
    let call = move |args: &[Tensor], _: &ParamMap| -> Result<Tensor> {
        let args = args.iter().cloned().map(Value::Tensor).collect();
        match function.call(args)? {
            Value::Tensor(losses) => Ok(losses),
            other => {
                let error = Diagnostic::from(Error::Kind {
                    of: USER_LOSS.into(),
                    expected: "the losses as a tensor".into(),
                    found: other.kind(),
                });
                Err(error.at(function.location()).into())
            }
        }
    };
    UserFn {
        name: USER_LOSS,
        output: "the result",
        function: Box::new(call),
        locate: Box::new(locate),
    }
}

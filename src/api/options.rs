//! Options of a native function: converts a script map to the options struct of the engine.

use std::any::Any;
use std::ops::Deref;
use std::path::PathBuf;

use super::array_source::ArraySource;
use super::convert::{ExactTensor, as_number};
use super::diagnostic::Diagnostic;
use super::native::{Arg, Args, FromArgs};
use super::trials::Trials;
use super::validation::Validation;
use super::value::{FromValue, Function, Map, Value, with_article};
use crate::base::Error;
use crate::base::options::{Choice as _, Field, OptionType, Options, Slot};
use crate::nn::LossFunction;
use crate::ops::rnn::Loss;
use crate::optim::{Optimizer, Schedule};
use crate::random::{Key, Seed};
use crate::tensor::Tensor;
use crate::train::{L2, ParamMasks, ParamNames};

/// The options of a call. Fields that the script did not set have their default; ranges are
/// checked.
pub struct CallOptions<O> {
    values: O,
    provided: Vec<String>,
}

impl<O> Deref for CallOptions<O> {
    type Target = O;
    fn deref(&self) -> &O {
        &self.values
    }
}

impl<O: Options> CallOptions<O> {
    /// The options in `map`; `of` names the function in error messages.
    ///
    /// Errors: an option that is unknown, has the wrong kind or is out of range
    pub fn read(of: &str, map: Map) -> Result<CallOptions<O>, Diagnostic> {
        let fields = O::fields();
        let provided: Vec<String> = map.keys().cloned().collect();
        let mut values = O::default();
        for (name, value) in map {
            let Some(index) = fields.iter().position(|field| field.name == name) else {
                let known = fields.iter().map(|field| field.name.to_string()).collect();
                let error = Error::Unknown {
                    of: of.into(),
                    category: "option",
                    name,
                    known,
                };
                return Err(error.into());
            };
            let slot = values.slots().swap_remove(index);
            fill(of, &fields[index], slot, value)?;
        }
        values.check()?;
        Ok(CallOptions { values, provided })
    }

    /// The options struct.
    pub fn into_inner(self) -> O {
        self.values
    }

    /// The names of the options that the script set.
    pub fn provided(&self) -> &[String] {
        &self.provided
    }

    /// Whether the script set this option.
    pub fn is_set(&self, option: &str) -> bool {
        self.provided.iter().any(|name| name == option)
    }
}

impl<'a, O: Options> FromArgs<'a> for CallOptions<O> {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: "map of options".into(),
            optional: true,
            options: O::fields(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Diagnostic> {
        match args.take_value() {
            None | Some(Value::Nil) => CallOptions::read(&args.function(), Default::default()),
            Some(Value::Map(map)) => CallOptions::read(&args.function(), map),
            // An empty map and an empty list are the same value in Lua.
            Some(Value::List(list)) if list.is_empty() => {
                CallOptions::read(&args.function(), Default::default())
            }
            Some(other) => Err(args.kind_error(name, "map of options", &other)),
        }
    }
}

/// Writes `value` into the slot of an option.
fn fill(of: &str, field: &Field, slot: Slot<'_>, value: Value) -> Result<(), Diagnostic> {
    let result = match slot {
        Slot::Flag(target) => set(target, value),
        Slot::Count(target) => set(target, value),
        Slot::Real(target) => set(target, value),
        Slot::MaybeReal(target) => set_optional(target, value),
        Slot::MaybeCount(target) => set_optional(target, value),
        Slot::Text(target) => set(target, value),
        Slot::MaybeText(target) => set_optional(target, value),
        Slot::Reals(target) => to_reals(value).map(|numbers| *target = numbers),
        Slot::Other(target) => match value {
            Value::Text(name) if target.is::<LossFunction>() && !Loss::default().select(&name) => {
                return Err(unknown_choice(of, field, name, Loss::default().names()));
            }
            value => fill_other(target, value),
        },
        Slot::Choice(target) => match value {
            Value::Text(name) if target.select(&name) => Ok(()),
            Value::Text(name) => return Err(unknown_choice(of, field, name, target.names())),
            value => Err(value),
        },
    };
    result.map_err(|value| kind_error(of, field, &value))
}

fn unknown_choice(of: &str, field: &Field, name: String, known: &[&str]) -> Diagnostic {
    Diagnostic::from(Error::Unknown {
        of: format!("{of}: option `{}`", field.name),
        category: "choice",
        name,
        known: known.iter().map(|name| name.to_string()).collect(),
    })
}

/// The error for an option whose value has the wrong kind.
fn kind_error(of: &str, field: &Field, value: &Value) -> Diagnostic {
    let of = format!("{of}: option `{}`", field.name);
    let expected = match field.kind.starts_with("one of") || field.kind.starts_with("true") {
        true => field.kind.to_string(),
        false => with_article(field.kind),
    };
    let is_negative = |n: f64| n < 0.0;
    let found = match value {
        Value::Int(_) | Value::Float(_) => {
            let sign = if as_number(value).is_some_and(is_negative) {
                "the negative number"
            } else {
                ""
            };
            format!("{sign} {}", super::display::value_text(value))
                .trim()
                .to_string()
        }
        other => other.kind(),
    };
    Diagnostic::from(Error::Kind {
        of,
        expected,
        found,
    })
    .hint(format!("{}: {}", field.name, field.doc.trim()))
}

fn set<T: FromValue>(target: &mut T, value: Value) -> Result<(), Value> {
    T::from_value(value).map(|inner| *target = inner)
}

fn set_optional<T: FromValue>(target: &mut Option<T>, value: Value) -> Result<(), Value> {
    match value {
        Value::Nil => *target = None,
        value => *target = Some(T::from_value(value)?),
    }
    Ok(())
}

/// The numbers in a list, in a tensor, or in a single number.
fn to_reals(value: Value) -> Result<Vec<f64>, Value> {
    let values = match &value {
        Value::List(list) => list.iter().map(as_number).collect(),
        Value::Tensor(tensor) => tensor
            .to_dtype(crate::tensor::DType::F64)
            .and_then(|t| t.flatten_all())
            .and_then(|t| t.to_vec1())
            .ok(),
        one => as_number(one).map(|x| vec![x]),
    };
    values.ok_or(value)
}

/// Converts a value to one of the types that only this layer can read.
fn fill_other(target: &mut dyn Any, value: Value) -> Result<(), Value> {
    if let Some(target) = target.downcast_mut::<Option<Tensor>>() {
        // The function that uses the option chooses the dtype.
        *target = match value {
            Value::Nil => None,
            value => Some(ExactTensor::from_value(value)?.0),
        };
        return Ok(());
    }
    macro_rules! try_types {
        ($($type:ty),*) => { $(
            if let Some(target) = target.downcast_mut::<Option<$type>>() {
                return set_optional(target, value);
            }
            if let Some(target) = target.downcast_mut::<$type>() {
                return set(target, value);
            }
        )* };
    }
    try_types!(
        Function,
        Map,
        Vec<usize>,
        Vec<Value>,
        Key,
        Seed,
        Optimizer,
        Schedule,
        PathBuf,
        LossFunction,
        L2,
        ParamNames,
        ParamMasks,
        Validation,
        ArraySource,
        Trials
    );
    Err(value)
}

macro_rules! optional_values {
    ($($type:ty, $kind:literal;)*) => { $(
        impl OptionType for Option<$type> {
            const KIND: &'static str = $kind;
            fn slot(&mut self) -> Slot<'_> { Slot::Other(self) }
        }
    )* };
}

optional_values! {
    Function, "function";
    Tensor, "tensor";
    Map, "map";
    Vec<usize>, "list of integers";
    Vec<Value>, "list";
    Validation, "task or batch";
    ArraySource, "tensor, list of tensors or name in a file";
    Trials, "tensor or list of tensors";
}

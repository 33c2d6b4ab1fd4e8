//! Options of a native function, read from a script's map into the engine's struct.

use std::any::Any;
use std::ops::Deref;
use std::path::PathBuf;

use super::convert::{Exact, number};
use super::dataset::Numbers;
use super::fault::Fault;
use super::native::FromValue;
use super::train::Validation;
use super::trials::Trials;
use super::value::{Function, Map, Value, with_article};
use crate::base::Error;
use crate::base::options::{Field, Options, Setting, Slot};
use crate::optim::{Optimizer, Schedule};
use crate::random::Key;
use crate::tensor::Tensor;

/// The options of a call: every field given or its default, ranges checked.
pub struct Settings<O> {
    values: O,
    given: Vec<String>,
}

impl<O> Deref for Settings<O> {
    type Target = O;
    fn deref(&self) -> &O {
        &self.values
    }
}

impl<O: Options> Settings<O> {
    /// Errors: an option that is not known, of the wrong kind, or outside its range.
    pub fn read(of: &str, map: Map) -> Result<Settings<O>, Fault> {
        let fields = O::fields();
        let given: Vec<String> = map.keys().cloned().collect();
        let mut values = O::default();
        for (name, value) in map {
            let Some(index) = fields.iter().position(|field| field.name == name) else {
                let known = fields.iter().map(|field| field.name.to_string()).collect();
                let error = Error::Unknown {
                    of: of.into(),
                    sort: "option",
                    name,
                    known,
                };
                return Err(error.into());
            };
            let slot = values.slots().swap_remove(index);
            fill(of, &fields[index], slot, value)?;
        }
        values.check()?;
        Ok(Settings { values, given })
    }

    /// The options alone.
    pub fn into_inner(self) -> O {
        self.values
    }

    /// The options that the script named.
    pub fn given(&self) -> &[String] {
        &self.given
    }

    /// Whether the script named this option.
    pub fn names(&self, option: &str) -> bool {
        self.given.iter().any(|name| name == option)
    }
}

fn fill(of: &str, field: &Field, slot: Slot<'_>, value: Value) -> Result<(), Fault> {
    let filled = match slot {
        Slot::Flag(place) => put(place, value),
        Slot::Count(place) => put(place, value),
        Slot::Real(place) => put(place, value),
        Slot::MaybeReal(place) => put_maybe(place, value),
        Slot::MaybeCount(place) => put_maybe(place, value),
        Slot::Text(place) => put(place, value),
        Slot::MaybeText(place) => put_maybe(place, value),
        Slot::Reals(place) => reals(value).map(|numbers| *place = numbers),
        Slot::Other(place) => other(place, value),
        Slot::Choice(place) => match value {
            Value::Text(word) if place.choose(&word) => Ok(()),
            Value::Text(word) => {
                let known = place.words().iter().map(|word| word.to_string()).collect();
                let of = format!("{of}: option `{}`", field.name);
                return Err(Error::Unknown {
                    of,
                    sort: "choice",
                    name: word,
                    known,
                }
                .into());
            }
            value => Err(value),
        },
    };
    filled.map_err(|value| mismatch(of, field, &value))
}

fn mismatch(of: &str, field: &Field, value: &Value) -> Fault {
    let of = format!("{of}: option `{}`", field.name);
    let expected = match field.kind.starts_with("one of") || field.kind.starts_with("true") {
        true => field.kind.to_string(),
        false => with_article(field.kind),
    };
    let negative = |n: f64| n < 0.0;
    let found = match value {
        Value::Int(_) | Value::Float(_) => {
            let sign = if number(value).is_some_and(negative) {
                "the negative number"
            } else {
                ""
            };
            format!("{sign} {}", super::show::value(value))
                .trim()
                .to_string()
        }
        other => other.kind(),
    };
    Fault::from(Error::Kind {
        of,
        expected,
        found,
    })
    .hint(format!("{}: {}", field.name, field.doc.trim()))
}

fn put<T: FromValue>(place: &mut T, value: Value) -> Result<(), Value> {
    T::from_value(value).map(|inner| *place = inner)
}

fn put_maybe<T: FromValue>(place: &mut Option<T>, value: Value) -> Result<(), Value> {
    match value {
        Value::Nil => *place = None,
        value => *place = Some(T::from_value(value)?),
    }
    Ok(())
}

/// Numbers from a list or a vector.
fn reals(value: Value) -> Result<Vec<f64>, Value> {
    let numbers = match &value {
        Value::List(list) => list.iter().map(number).collect(),
        Value::Tensor(tensor) => tensor
            .to_dtype(crate::tensor::DType::F64)
            .and_then(|t| t.flatten_all())
            .and_then(|t| t.to_vec1())
            .ok(),
        one => number(one).map(|x| vec![x]),
    };
    numbers.ok_or(value)
}

/// Fills a place of one of the types that only this floor knows how to read.
fn other(place: &mut dyn Any, value: Value) -> Result<(), Value> {
    if let Some(place) = place.downcast_mut::<Option<Tensor>>() {
        // Whoever reads the option knows the dtype.
        *place = match value {
            Value::Nil => None,
            value => Some(Exact::from_value(value)?.0),
        };
        return Ok(());
    }
    macro_rules! try_types {
        ($($type:ty),*) => { $(
            if let Some(place) = place.downcast_mut::<Option<$type>>() {
                return put_maybe(place, value);
            }
            if let Some(place) = place.downcast_mut::<$type>() {
                return put(place, value);
            }
        )* };
    }
    try_types!(
        Function,
        Map,
        Vec<usize>,
        Vec<Value>,
        Key,
        Optimizer,
        Schedule,
        PathBuf,
        Validation,
        Numbers,
        Trials
    );
    Err(value)
}

macro_rules! settings {
    ($($type:ty, $kind:literal;)*) => { $(
        impl Setting for Option<$type> {
            const KIND: &'static str = $kind;
            fn slot(&mut self) -> Slot<'_> { Slot::Other(self) }
        }
    )* };
}

settings! {
    Function, "function";
    Tensor, "tensor";
    Map, "map";
    Vec<usize>, "list of whole numbers";
    Vec<Value>, "list";
    Validation, "task or batch";
    Numbers, "tensor, list of tensors or name in a file";
    Trials, "tensor or list of tensors";
}

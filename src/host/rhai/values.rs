//! Between Rhai's values and ours.

use std::ops::{Range, RangeInclusive};
use std::rc::Weak;

use rhai::{Array, Dynamic, FnPtr, ImmutableString};

use super::super::call::{DEEPEST, TOO_DEEP};
use super::{Session, caught, faults};
use crate::api::fault::{Fault, Place};
use crate::api::value::{Callable, Function, Map, Object, Value};
use crate::tensor::Tensor;

/// Closures with more arguments than this, captured ones included, have no known place.
const MOST_ARGUMENTS: usize = 32;

/// A value of the engine from one of Rhai.
///
/// Errors: a kind of value that has no meaning outside Rhai, such as a time stamp.
pub fn value(dynamic: Dynamic, session: &Weak<Session>) -> Result<Value, Fault> {
    nested(dynamic, session, 0)
}

fn nested(dynamic: Dynamic, session: &Weak<Session>, depth: usize) -> Result<Value, Fault> {
    let dynamic = dynamic.flatten();
    if let Some(object) = dynamic.read_lock::<Object>() {
        return Ok(Value::Object(object.clone()));
    }
    if let Some(tensor) = dynamic.read_lock::<Tensor>() {
        return Ok(Value::Tensor(tensor.clone()));
    }
    if let Some(range) = dynamic.read_lock::<Range<i64>>() {
        return Ok(span(range.clone()));
    }
    if let Some(range) = dynamic.read_lock::<RangeInclusive<i64>>() {
        return Ok(span(*range.start()..range.end().saturating_add(1)));
    }
    if let Some(function) = dynamic.read_lock::<Function>() {
        return Ok(Value::Function(function.clone()));
    }
    if let Some(fault) = dynamic.read_lock::<Fault>() {
        return Ok(Value::Text(fault.to_string()));
    }
    let kind = dynamic.type_name();
    Ok(match kind {
        "()" => Value::Nil,
        "bool" => Value::Bool(dynamic.as_bool().unwrap_or_default()),
        "i64" => Value::Int(dynamic.as_int().unwrap_or_default()),
        "f64" => Value::Float(dynamic.as_float().unwrap_or_default()),
        "string" | "char" => {
            Value::Text(caught::in_script_terms(&dynamic.to_string()).into_owned())
        }
        "array" | "map" if depth == DEEPEST => return Err(Fault::new(TOO_DEEP)),
        "array" => {
            let items = dynamic.cast::<Array>().into_iter();
            Value::List(
                items
                    .map(|item| nested(item, session, depth + 1))
                    .collect::<Result<_, _>>()?,
            )
        }
        "map" => {
            if let Some(words) = caught::message(&dynamic) {
                return Ok(Value::Text(words));
            }
            let items = dynamic.cast::<rhai::Map>().into_iter();
            let items =
                items.map(|(key, item)| Ok((key.to_string(), nested(item, session, depth + 1)?)));
            Value::Map(items.collect::<Result<Map, Fault>>()?)
        }
        "Fn" => function(dynamic.cast::<FnPtr>(), session),
        other => {
            return Err(Fault::new(format!(
                "a {other} cannot be given to attractor"
            )));
        }
    })
}

/// A range as a map, the form in which Lua writes one too.
fn span(range: Range<i64>) -> Value {
    let ends = [("from", range.start), ("to", range.end)];
    Value::Map(
        ends.map(|(name, end)| (name.to_string(), Value::Int(end)))
            .into(),
    )
}

/// A value of Rhai from one of the engine.
pub fn dynamic(value: Value) -> Dynamic {
    match value {
        Value::Nil => Dynamic::UNIT,
        Value::Bool(x) => x.into(),
        Value::Int(n) => n.into(),
        Value::Float(x) => x.into(),
        Value::Text(text) => ImmutableString::from(text).into(),
        Value::List(list) => list.into_iter().map(dynamic).collect::<Array>().into(),
        Value::Map(map) => {
            let items = map
                .into_iter()
                .map(|(key, item)| (key.into(), dynamic(item)));
            items.collect::<rhai::Map>().into()
        }
        Value::Tensor(tensor) => Dynamic::from(tensor),
        Value::Object(object) => Dynamic::from(object),
        Value::Function(function) => Dynamic::from(function),
    }
}

/// A closure of a script as the engine calls it.
struct Closure {
    pointer: FnPtr,
    session: Weak<Session>,
}

impl Callable for Closure {
    fn call(&self, args: Vec<Value>) -> Result<Value, Fault> {
        let Some(session) = self.session.upgrade() else {
            return Err(Fault::new("the session of this function has ended"));
        };
        let count = args.len() + self.pointer.curry().len();
        let ast = session.home_of(self.pointer.fn_name(), count);
        let args: Vec<Dynamic> = args.into_iter().map(dynamic).collect();
        let outcome = self.pointer.call::<Dynamic>(&session.engine, &ast, args);
        let home = ast.source().unwrap_or_default();
        let result = outcome.map_err(|error| faults::fault(&session.vocabulary, &error, home))?;
        value(result, &self.session)
    }

    fn place(&self) -> Option<Place> {
        let session = self.session.upgrade()?;
        let name = self.pointer.fn_name();
        let at = (0..=MOST_ARGUMENTS).find_map(|count| {
            let ast = session.home_of(name, count);
            let function = ast.shared_lib().get_script_fn(name, count)?;
            Some((function.body.start_position(), ast.source()?.to_string()))
        });
        let (position, source) = at?;
        faults::place(position, &source)
    }
}

fn function(pointer: FnPtr, session: &Weak<Session>) -> Value {
    Value::Function(Function::new(Closure {
        pointer,
        session: session.clone(),
    }))
}

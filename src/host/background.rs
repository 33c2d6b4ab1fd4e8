//! Which calls of native functions run on a thread of their own, so that Ctrl-C acts at once:
//! those with much data whose arguments and results can go to another thread.

use std::collections::BTreeMap;
use std::fs;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::api::context::{Context, Language, Script, Settings, Terminal};
use crate::api::fault::Fault;
use crate::api::interrupt::MANY;
use crate::api::meter::Meter;
use crate::api::native::Native;
use crate::api::value::{Object, Value};
use crate::base::{Progress, Silent};
use crate::random::Key;
use crate::tensor::Tensor;

/// How many elements of a result that is larger than the arguments (an outer product) count as
/// one: most pairs of shapes do not give the product of their sizes.
const RESULT: u128 = 64;

/// Bytes of a file that count as one element.
const BYTES: u128 = 8;

/// Kinds of results that can come from another thread.
const PORTABLE: [&str; 11] = [
    "tensor",
    "map",
    "list",
    "value",
    "number",
    "whole number",
    "text",
    "truth value",
    "list of whole numbers",
    "list of numbers",
    "list of texts",
];

/// A value that can go to another thread.
enum Portable {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Portable>),
    Map(BTreeMap<String, Portable>),
    Tensor(Tensor),
    Key(Key),
}

/// No terminal: functions that print run on the script's own thread.
struct Absent;

impl Terminal for Absent {
    fn print(&self, _: &str) {}
    fn progress(&self, _: &str) -> Box<dyn Progress> {
        Box::new(Silent)
    }
}

type Run = fn(&Context, Vec<Value>) -> Result<Value, Fault>;

/// Runs a native function, on a thread of its own if it may take long and can go there.
pub fn call(
    context: &Context,
    native: &Native,
    run: Run,
    values: Vec<Value>,
) -> Result<Value, Fault> {
    let file = match (native.args.first(), values.first()) {
        (Some(argument), Some(Value::Text(path))) if argument.name == "path" => {
            bytes(context, path) / BYTES
        }
        _ => 0,
    };
    let goes = PORTABLE.contains(&native.returns.as_str())
        && work(&values).max(file) >= MANY
        && values.iter().all(is_portable);
    if !goes {
        return run(context, values);
    }
    let settings = (*context.settings).clone();
    let (stop, language) = (context.stop.clone(), context.language);
    let base = context.meter.base();
    let written = context.written.borrow().clone();
    let arguments: Vec<Portable> = values.iter().cloned().filter_map(portable).collect();
    let outcome = context.interruptible(move || {
        let context = detached(settings, base, stop, language);
        context.written.replace(written);
        let values = arguments.into_iter().map(value).collect();
        run(&context, values).map(portable)
    })??;
    match outcome {
        Some(result) => Ok(value(result)),
        // An object in the result belongs to this thread.
        None => run(context, values),
    }
}

/// The context of a call on another thread. Memory is counted for the whole process: the call
/// shares the limit of its run, which began with `base` bytes in use.
fn detached(
    settings: Settings,
    base: Option<u64>,
    stop: Arc<AtomicBool>,
    language: Language,
) -> Context {
    let meter = Meter::new(&settings, stop.clone());
    meter.begin_from(base);
    Context {
        meter: Rc::new(meter),
        settings: Rc::new(settings),
        terminal: Rc::new(Absent),
        stop,
        language,
        script: Rc::new(Script::default()),
        written: Rc::default(),
    }
}

/// The size of the file at this path, where functions that read look for it.
fn bytes(context: &Context, path: &str) -> u128 {
    let written = context.settings.out.join(path);
    let found = fs::metadata(path).or_else(|_| fs::metadata(written));
    found.map_or(0, |file| u128::from(file.len()))
}

/// How many elements a call may have to do with.
fn work(values: &[Value]) -> u128 {
    let parts: Vec<u128> = values.iter().map(size).collect();
    let tensors = values.iter().filter_map(|value| match value {
        Value::Tensor(tensor) => Some(tensor),
        _ => None,
    });
    let shapes: Vec<&[usize]> = tensors.map(|tensor| tensor.dims()).collect();
    let alike = shapes.windows(2).all(|pair| pair[0] == pair[1]);
    let result = match alike {
        true => 0,
        false => {
            parts
                .iter()
                .fold(1u128, |all, n| all.saturating_mul((*n).max(1)))
                / RESULT
        }
    };
    parts
        .iter()
        .fold(0u128, |sum, n| sum.saturating_add(*n))
        .max(result)
}

/// The elements of a tensor, or those that a shape or a number of steps asks for.
fn size(value: &Value) -> u128 {
    let whole = |value: &Value| match value {
        Value::Int(n) => Some(u128::try_from(*n).unwrap_or(0)),
        _ => None,
    };
    match value {
        Value::Tensor(tensor) => tensor.elem_count() as u128,
        Value::Int(n) => u128::try_from(*n).unwrap_or(0),
        Value::List(list) => {
            let shape: Option<Vec<u128>> = list.iter().map(whole).collect();
            match shape {
                Some(shape) => shape.iter().fold(1, |all: u128, n| all.saturating_mul(*n)),
                None => list.iter().map(size).fold(0, u128::saturating_add),
            }
        }
        Value::Map(map) => map.values().map(size).fold(0, u128::saturating_add),
        Value::Nil
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Object(_)
        | Value::Function(_) => 0,
    }
}

fn is_portable(value: &Value) -> bool {
    match value {
        Value::Function(_) => false,
        Value::Object(object) => object.get::<Key>().is_some(),
        Value::List(list) => list.iter().all(is_portable),
        Value::Map(map) => map.values().all(is_portable),
        _ => true,
    }
}

fn portable(value: Value) -> Option<Portable> {
    Some(match value {
        Value::Nil => Portable::Nil,
        Value::Bool(x) => Portable::Bool(x),
        Value::Int(n) => Portable::Int(n),
        Value::Float(x) => Portable::Float(x),
        Value::Text(text) => Portable::Text(text),
        Value::List(list) => Portable::List(list.into_iter().map(portable).collect::<Option<_>>()?),
        Value::Map(map) => {
            let entries = map
                .into_iter()
                .map(|(key, item)| Some((key, portable(item)?)));
            Portable::Map(entries.collect::<Option<_>>()?)
        }
        Value::Tensor(tensor) => Portable::Tensor(tensor),
        Value::Object(object) => Portable::Key(*object.get::<Key>()?),
        Value::Function(_) => return None,
    })
}

fn value(portable: Portable) -> Value {
    match portable {
        Portable::Nil => Value::Nil,
        Portable::Bool(x) => Value::Bool(x),
        Portable::Int(n) => Value::Int(n),
        Portable::Float(x) => Value::Float(x),
        Portable::Text(text) => Value::Text(text),
        Portable::List(list) => Value::List(list.into_iter().map(value).collect()),
        Portable::Map(map) => Value::Map(
            map.into_iter()
                .map(|(key, item)| (key, value(item)))
                .collect(),
        ),
        Portable::Tensor(tensor) => Value::Tensor(tensor),
        Portable::Key(key) => Value::Object(Object::new(key)),
    }
}

//! Calls of native functions on a separate thread, so that Ctrl-C interrupts them immediately:
//! calls with much data whose arguments and results can be sent to another thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::api::context::{Context, Language, RunConfig, Script, Terminal};
use crate::api::diagnostic::Diagnostic;
use crate::api::interrupt::MIN_BACKGROUND_ELEMENTS;
use crate::api::meter::Meter;
use crate::api::native::Native;
use crate::api::value::{Object, Value};
use crate::base::{NoProgress, Progress};
use crate::random::Key;
use crate::tensor::{Tensor, shape};

/// Divisor for the product of the argument sizes, an upper bound of the result size (outer
/// product): for most pairs of shapes the result is much smaller than the bound.
const RESULT_DIVISOR: u128 = 64;

/// Multiplications of a matrix product that take about as long as one element of another operation.
const MULTIPLICATIONS_PER_ELEMENT: u128 = 64;

/// Bytes of a file that count as one element.
const BYTES_PER_ELEMENT: u128 = 8;

/// Kinds of results that can be sent from another thread.
const SENDABLE_KINDS: [&str; 11] = [
    "tensor",
    "map",
    "list",
    "value",
    "number",
    "integer",
    "string",
    "boolean",
    "list of integers",
    "list of numbers",
    "list of strings",
];

/// Methods that take the same time for all sizes of a tensor: they return properties or a view.
const CONSTANT_TIME: [&str; 11] = [
    "shape",
    "rank",
    "size",
    "length",
    "dtype",
    "device",
    "transpose",
    "T",
    "permute",
    "unsqueeze",
    "squeeze",
];

/// A value that can be sent to another thread.
enum SendValue {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<SendValue>),
    Map(BTreeMap<String, SendValue>),
    Tensor(Tensor),
    Key(Key),
}

/// A terminal that keeps the lines, such as the notes of a function that reads a file. The script
/// thread prints them after the call.
#[derive(Default)]
struct LineBuffer(RefCell<Vec<String>>);

impl Terminal for LineBuffer {
    fn print(&self, line: &str) {
        self.0.borrow_mut().push(line.into());
    }
    fn progress(&self, _: &str) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }
}

type NativeFn = fn(&Context, Vec<Value>) -> Result<Value, Diagnostic>;

/// Runs a native function, on a separate thread if the call processes much data and its values can
/// be sent.
pub fn call(
    context: &Context,
    native: &Native,
    run: NativeFn,
    values: Vec<Value>,
) -> Result<Value, Diagnostic> {
    let file = match (native.args.first(), values.first()) {
        (Some(argument), Some(Value::Text(path))) if argument.name == "path" => {
            file_size(context, path) / BYTES_PER_ELEMENT
        }
        _ => 0,
    };
    let use_thread = element_count(native.name, &values).max(file) >= MIN_BACKGROUND_ELEMENTS
        && SENDABLE_KINDS.contains(&native.returns.as_str())
        && values.iter().all(is_sendable);
    if !use_thread {
        return run(context, values);
    }
    let config = (*context.config).clone();
    let (interrupt, language) = (context.interrupt.clone(), context.language);
    let baseline = context.meter.baseline();
    let output_paths = context.output_paths.borrow().clone();
    let arguments: Vec<SendValue> = values.iter().cloned().filter_map(to_send).collect();
    let (outcome, lines) = context.run_interruptible(move || {
        let terminal = Rc::new(LineBuffer::default());
        let context = detached(config, baseline, (interrupt, language), terminal.clone());
        context.output_paths.replace(output_paths);
        let values = arguments.into_iter().map(from_send).collect();
        (run(&context, values).map(to_send), terminal.0.take())
    })?;
    match outcome? {
        Some(result) => {
            lines.iter().for_each(|line| context.terminal.print(line));
            Ok(from_send(result))
        }
        // An object in the result cannot be sent; the call is repeated on this thread.
        None => run(context, values),
    }
}

/// The context of a call on another thread. Memory is counted for the whole process: the call
/// shares the limit of its run, which began with `baseline` bytes in use.
fn detached(
    config: RunConfig,
    baseline: Option<u64>,
    (interrupt, language): (Arc<AtomicBool>, Language),
    terminal: Rc<LineBuffer>,
) -> Context {
    let meter = Meter::new(&config, interrupt.clone());
    meter.start_from(baseline);
    Context {
        meter: Rc::new(meter),
        config: Rc::new(config),
        terminal,
        interrupt,
        language,
        script: Rc::new(Script::default()),
        output_paths: Rc::default(),
    }
}

/// The size in bytes of an input file, searched like [`Context::input_path`]; 0 if it does not
/// exist.
fn file_size(context: &Context, path: &str) -> u128 {
    let output = context.config.out.join(path);
    let metadata = fs::metadata(path).or_else(|_| fs::metadata(output));
    metadata.map_or(0, |file| u128::from(file.len()))
}

/// Estimate of the number of elements that a call processes.
fn element_count(function: &str, values: &[Value]) -> u128 {
    if CONSTANT_TIME.contains(&function) {
        return 0;
    }
    if let ("index" | "at", [Value::Tensor(tensor), indices @ ..]) = (function, values)
        && let Some(axes) = integer_indices(indices)
    {
        return count(tensor.dims().get(axes..).unwrap_or_default());
    }
    let sum = values.iter().map(size).fold(0, u128::saturating_add);
    let shapes = values.iter().filter_map(|value| match value {
        Value::Tensor(tensor) => Some(tensor.dims()),
        _ => None,
    });
    let mut others = shapes.clone();
    let first = others.next();
    if others.all(|shape| Some(shape) == first) {
        return sum;
    }
    let shapes: Vec<&[usize]> = shapes.collect();
    if let ("matmul", [left, right]) = (function, &shapes[..]) {
        return sum.max(multiplications(left, right) / MULTIPLICATIONS_PER_ELEMENT);
    }
    let common = shapes.iter().try_fold(Vec::new(), |common, shape| {
        shape::broadcast("", &common, shape)
    });
    if let Ok(common) = common {
        return sum.max(count(&common));
    }
    let sizes = values.iter().map(|value| size(value).max(1));
    sum.max(sizes.fold(1, u128::saturating_mul) / RESULT_DIVISOR)
}

/// The number of axes that indices select; `None` if one of them is not an integer.
fn integer_indices(indices: &[Value]) -> Option<usize> {
    let axes = indices.iter().map(|index| match index {
        Value::Int(_) => Some(1),
        Value::List(list) => integer_indices(list),
        _ => None,
    });
    axes.sum()
}

/// The number of multiplications of a matrix product; 0 if the shapes do not match.
fn multiplications(left: &[usize], right: &[usize]) -> u128 {
    let result = shape::matmul_shape(left, right).map_or(0, |shape| count(&shape));
    let inner = left.last().map_or(0, |inner| *inner as u128);
    result.saturating_mul(inner)
}

fn count(shape: &[usize]) -> u128 {
    let axes = shape.iter().map(|axis| *axis as u128);
    axes.fold(1, u128::saturating_mul)
}

/// The number of elements of a tensor, or the number that a shape or a step count implies.
fn size(value: &Value) -> u128 {
    let as_size = |value: &Value| match value {
        Value::Int(n) => Some(u128::try_from(*n).unwrap_or(0)),
        _ => None,
    };
    match value {
        Value::Tensor(tensor) => tensor.elem_count() as u128,
        Value::Int(n) => u128::try_from(*n).unwrap_or(0),
        Value::List(list) => {
            let shape: Option<Vec<u128>> = list.iter().map(as_size).collect();
            match shape {
                Some(shape) => shape
                    .iter()
                    .fold(1, |product: u128, n| product.saturating_mul(*n)),
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

/// Whether the value can be sent to another thread.
fn is_sendable(value: &Value) -> bool {
    match value {
        Value::Function(_) => false,
        Value::Object(object) => object.get::<Key>().is_some(),
        Value::List(list) => list.iter().all(is_sendable),
        Value::Map(map) => map.values().all(is_sendable),
        _ => true,
    }
}

/// The sendable form of a value; `None` if it contains a function or an object other than a key.
fn to_send(value: Value) -> Option<SendValue> {
    Some(match value {
        Value::Nil => SendValue::Nil,
        Value::Bool(x) => SendValue::Bool(x),
        Value::Int(n) => SendValue::Int(n),
        Value::Float(x) => SendValue::Float(x),
        Value::Text(text) => SendValue::Text(text),
        Value::List(list) => SendValue::List(list.into_iter().map(to_send).collect::<Option<_>>()?),
        Value::Map(map) => {
            let entries = map
                .into_iter()
                .map(|(key, item)| Some((key, to_send(item)?)));
            SendValue::Map(entries.collect::<Option<_>>()?)
        }
        Value::Tensor(tensor) => SendValue::Tensor(tensor),
        Value::Object(object) => SendValue::Key(*object.get::<Key>()?),
        Value::Function(_) => return None,
    })
}

/// The script value of a sendable value.
fn from_send(value: SendValue) -> Value {
    match value {
        SendValue::Nil => Value::Nil,
        SendValue::Bool(x) => Value::Bool(x),
        SendValue::Int(n) => Value::Int(n),
        SendValue::Float(x) => Value::Float(x),
        SendValue::Text(text) => Value::Text(text),
        SendValue::List(list) => Value::List(list.into_iter().map(from_send).collect()),
        SendValue::Map(map) => Value::Map(
            map.into_iter()
                .map(|(key, item)| (key, from_send(item)))
                .collect(),
        ),
        SendValue::Tensor(tensor) => Value::Tensor(tensor),
        SendValue::Key(key) => Value::Object(Object::new(key)),
    }
}

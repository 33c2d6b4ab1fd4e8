//! Conversion between Rhai values and script values of the engine.

use std::any::TypeId;
use std::ops::{Range, RangeInclusive};
use std::rc::Weak;

use rhai::{Array, Dynamic, FLOAT, FnPtr, INT, ImmutableString, Scope};

use super::super::dispatch::{MAX_VALUE_DEPTH, VALUE_TOO_DEEP};
use super::super::script_tensor::ScriptTensor;
use super::session::Session;
use super::{error_location, script_terms};
use crate::api::diagnostic::{Diagnostic, Location};
use crate::api::value::{Callable, Function, Map, Object, Value};

/// Closures with more arguments than this, including captured variables, have no known location.
const MAX_ARGUMENTS: usize = 32;

/// The engine value of a Rhai value.
///
/// Errors: a kind of value that exists only in Rhai, such as a timestamp; `Limit` if a copy of the
/// value exceeds the memory
pub fn from_rhai(dynamic: &Dynamic, session: &Weak<Session>) -> Result<Value, Diagnostic> {
    from_rhai_at(dynamic, session, 0)
}

/// The engine value of a Rhai value at a nesting depth.
fn from_rhai_at(
    dynamic: &Dynamic,
    session: &Weak<Session>,
    depth: usize,
) -> Result<Value, Diagnostic> {
    if dynamic.is_shared() {
        return from_rhai_at(&dynamic.flatten_clone(), session, depth);
    }
    let kind = dynamic.type_id();
    if kind == TypeId::of::<FLOAT>() {
        return Ok(Value::Float(dynamic.as_float().unwrap_or_default()));
    }
    if kind == TypeId::of::<INT>() {
        return Ok(Value::Int(dynamic.as_int().unwrap_or_default()));
    }
    if dynamic.is_array() || dynamic.is_map() {
        return collection(dynamic, session, depth);
    }
    if let Some(value) = engine_value(dynamic) {
        return Ok(value);
    }
    Ok(match dynamic.type_name() {
        "()" => Value::Nil,
        "bool" => Value::Bool(dynamic.as_bool().unwrap_or_default()),
        "string" | "char" => {
            let text = dynamic.read_lock::<ImmutableString>();
            check_memory(session, text.map_or(0, |text| text.len()))?;
            Value::Text(script_terms::replace_type_names(&dynamic.to_string()).into_owned())
        }
        "Fn" => function(dynamic.clone().cast::<FnPtr>(), session),
        other => {
            let message = format!("attractor functions do not accept values of type {other}");
            return Err(Diagnostic::new(message));
        }
    })
}

/// The engine value of a list or a map.
fn collection(
    dynamic: &Dynamic,
    session: &Weak<Session>,
    depth: usize,
) -> Result<Value, Diagnostic> {
    if depth == MAX_VALUE_DEPTH {
        return Err(Diagnostic::new(VALUE_TOO_DEEP));
    }
    if let Ok(list) = dynamic.as_array_ref() {
        check_memory(session, list.len().saturating_mul(size_of::<Value>()))?;
        let items = list
            .iter()
            .map(|item| from_rhai_at(item, session, depth + 1));
        return Ok(Value::List(items.collect::<Result<_, _>>()?));
    }
    if let Some(message) = script_terms::message(dynamic) {
        return Ok(Value::Text(message));
    }
    let map = dynamic.read_lock::<rhai::Map>();
    let entries = map.iter().flat_map(|map| map.iter());
    let entries =
        entries.map(|(key, item)| Ok((key.to_string(), from_rhai_at(item, session, depth + 1)?)));
    Ok(Value::Map(entries.collect::<Result<Map, Diagnostic>>()?))
}

/// Checks the memory of a copy: elements of a list can share one large text, which the copy
/// contains several times.
fn check_memory(session: &Weak<Session>, bytes: usize) -> Result<(), Diagnostic> {
    match session.upgrade() {
        Some(session) => {
            let meter = &session.vocabulary.context().meter;
            meter.check_allocation(bytes as u64)
        }
        None => Ok(()),
    }
}

/// The engine value of a Rust type that Rhai does not define: a value of the engine, a range or a
/// caught error.
fn engine_value(dynamic: &Dynamic) -> Option<Value> {
    if let Some(tensor) = dynamic.read_lock::<ScriptTensor>() {
        return Some(Value::Tensor(tensor.share()));
    }
    if let Some(object) = dynamic.read_lock::<Object>() {
        return Some(Value::Object(object.clone()));
    }
    if let Some(range) = dynamic.read_lock::<Range<INT>>() {
        return Some(range_map(range.clone()));
    }
    if let Some(range) = dynamic.read_lock::<RangeInclusive<INT>>() {
        return Some(range_map(*range.start()..range.end().saturating_add(1)));
    }
    if let Some(function) = dynamic.read_lock::<Function>() {
        return Some(Value::Function(function.clone()));
    }
    let diagnostic = dynamic.read_lock::<Diagnostic>()?;
    Some(Value::Text(diagnostic.to_string()))
}

/// A range as a map with the keys `from` and `to`, as in Lua. Rhai represents the open range `1..`
/// by the largest integer.
fn range_map(range: Range<i64>) -> Value {
    let bounds = [("from", range.start), ("to", range.end)];
    let bounds = bounds.into_iter().filter(|(_, bound)| *bound != i64::MAX);
    Value::Map(
        bounds
            .map(|(name, bound)| (name.to_string(), Value::Int(bound)))
            .collect(),
    )
}

/// The Rhai value of an engine value.
pub fn to_rhai(value: Value) -> Dynamic {
    match value {
        Value::Nil => Dynamic::UNIT,
        Value::Bool(x) => x.into(),
        Value::Int(n) => n.into(),
        Value::Float(x) => x.into(),
        Value::Text(text) => ImmutableString::from(text).into(),
        Value::List(list) => list.into_iter().map(to_rhai).collect::<Array>().into(),
        Value::Map(map) => {
            let items = map
                .into_iter()
                .map(|(key, item)| (key.into(), to_rhai(item)));
            items.collect::<rhai::Map>().into()
        }
        Value::Tensor(tensor) => Dynamic::from(ScriptTensor::new(tensor)),
        Value::Object(object) => Dynamic::from(object),
        Value::Function(function) => Dynamic::from(function),
    }
}

/// The names of the entries of a map: `path` is a variable, and entries of nested maps.
pub fn entries(scope: &Scope, path: &[&str]) -> Option<Vec<String>> {
    let (variable, path) = path.split_first()?;
    let mut value = scope.get(variable)?.flatten_clone();
    for entry in path {
        let inner = value.read_lock::<rhai::Map>()?.get(*entry)?.flatten_clone();
        value = inner;
    }
    let map = value.read_lock::<rhai::Map>()?;
    Some(map.keys().map(|name| name.to_string()).collect())
}

/// A Rhai closure that the engine can call.
struct Closure {
    pointer: FnPtr,
    session: Weak<Session>,
}

impl Callable for Closure {
    fn call(&self, args: Vec<Value>) -> Result<Value, Diagnostic> {
        let Some(session) = self.session.upgrade() else {
            return Err(Diagnostic::new("the session of this function is closed"));
        };
        // The engine may have allocated large arrays before it calls the closure.
        session.vocabulary.context().meter.accept_growth();
        let count = args.len() + self.pointer.curry().len();
        let name = self.pointer.fn_name();
        let ast = session.defining_script(name, count);
        if ast.shared_lib().get_script_fn(name, count).is_none() {
            self.check_parameters(&session, &args)?;
        }
        let args: Vec<Dynamic> = args.into_iter().map(to_rhai).collect();
        let outcome = self.pointer.call::<Dynamic>(&session.engine, &ast, args);
        let source = ast.source().unwrap_or_default();
        let result =
            outcome.map_err(|error| (session.diagnose)(&session.vocabulary, &error, source))?;
        from_rhai(&result, &self.session)
    }

    fn location(&self) -> Option<Location> {
        let session = self.session.upgrade()?;
        let name = self.pointer.fn_name();
        let start = (0..=MAX_ARGUMENTS).find_map(|count| {
            let ast = session.defining_script(name, count);
            let function = ast.shared_lib().get_script_fn(name, count)?;
            Some((function.body.start_position(), ast.source()?.to_string()))
        });
        let (position, source) = start?;
        error_location::location(position, &source)
    }
}

impl Closure {
    /// Errors: the closure has a different number of parameters
    fn check_parameters(&self, session: &Session, args: &[Value]) -> Result<(), Diagnostic> {
        let (name, curry) = (self.pointer.fn_name(), self.pointer.curry().len());
        let has = |count: usize| {
            let ast = session.defining_script(name, count);
            ast.shared_lib().get_script_fn(name, count).is_some()
        };
        let Some(parameters) = (curry..=MAX_ARGUMENTS).find(|count| has(*count)) else {
            // Not a function of a script.
            return Ok(());
        };
        let kinds: Vec<String> = args.iter().map(Value::kind).collect();
        let message = format!(
            "expected a closure with {} parameters, found one with {}",
            args.len(),
            parameters - curry
        );
        let hint = format!("the closure is called with {}", kinds.join(", "));
        Err(Diagnostic::new(message).hint(hint).at(self.location()))
    }
}

/// The engine value of a Rhai closure.
fn function(pointer: FnPtr, session: &Weak<Session>) -> Value {
    Value::Function(Function::new(Closure {
        pointer,
        session: session.clone(),
    }))
}

//! Conversion between Lua values and script values of the engine.

use mlua::{Lua, MultiValue};

use super::super::dispatch::{MAX_VALUE_DEPTH, VALUE_TOO_DEEP};
use super::super::script_tensor::ScriptTensor;
use crate::api::diagnostic::{Diagnostic, Location};
use crate::api::value::{Callable, Function, Map, Object, Value};

/// A tensor or an object as Lua userdata.
pub enum Handle {
    Tensor(ScriptTensor),
    Object(Object),
}

impl Handle {
    /// The engine value.
    pub fn value(&self) -> Value {
        match self {
            Handle::Tensor(tensor) => Value::Tensor(tensor.share()),
            Handle::Object(object) => Value::Object(object.clone()),
        }
    }
}

/// The engine value of a Lua value.
///
/// Errors: a table that is neither a list nor a map, or a kind of value that exists only in Lua
pub fn from_lua(value: mlua::Value) -> mlua::Result<Value> {
    from_lua_at(value, 0)
}

/// The engine value of a Lua value at a nesting depth.
fn from_lua_at(value: mlua::Value, depth: usize) -> mlua::Result<Value> {
    Ok(match value {
        mlua::Value::Nil => Value::Nil,
        mlua::Value::Boolean(x) => Value::Bool(x),
        mlua::Value::Integer(n) => Value::Int(n),
        mlua::Value::Number(x) => Value::Float(x),
        mlua::Value::String(text) => Value::Text(text.to_string_lossy()),
        mlua::Value::Table(table) if depth < MAX_VALUE_DEPTH => from_table(&table, depth)?,
        mlua::Value::Table(_) => return Err(external(VALUE_TOO_DEEP)),
        mlua::Value::Function(function) => Value::Function(Function::new(Closure(function))),
        mlua::Value::UserData(data) => data.borrow::<Handle>()?.value(),
        mlua::Value::Error(error) => Value::Text(super::errors::convert(*error).to_string()),
        other => {
            let kind = other.type_name();
            return Err(external(format!(
                "attractor functions do not accept values of type {kind}"
            )));
        }
    })
}

/// The names of the entries of a table: `path` is a global variable, and entries of nested tables.
pub fn entries(lua: &Lua, path: &[&str]) -> Option<Vec<String>> {
    let mut table = lua.globals();
    for name in path {
        let mlua::Value::Table(inner) = table.raw_get(*name).ok()? else {
            return None;
        };
        table = inner;
    }
    let pairs = table.pairs::<String, mlua::Value>();
    let mut names: Vec<String> = pairs.filter_map(|pair| Some(pair.ok()?.0)).collect();
    names.sort();
    Some(names)
}

/// A list, if all keys are list indices, or else a map.
fn from_table(table: &mlua::Table, depth: usize) -> mlua::Result<Value> {
    let length = table.raw_len();
    let pairs: Vec<(mlua::Value, mlua::Value)> = table.pairs().collect::<mlua::Result<Vec<_>>>()?;
    if length == pairs.len() {
        let items = table.sequence_values::<mlua::Value>();
        return Ok(Value::List(
            items
                .map(|item| from_lua_at(item?, depth + 1))
                .collect::<Result<_, _>>()?,
        ));
    }
    let entry = |(key, item): (mlua::Value, mlua::Value)| match key {
        mlua::Value::String(key) => Ok((key.to_string_lossy(), from_lua_at(item, depth + 1)?)),
        _ if length > 0 => Err(external(
            "expected a list or a map, found a table with both list entries and named entries",
        )),
        other => {
            let kind = other.type_name();
            let kind = from_lua_at(other, depth + 1).map_or(kind.to_string(), |key| key.kind());
            Err(external(format!(
                "expected strings as keys of a map, found {kind}"
            )))
        }
    };
    Ok(Value::Map(
        pairs
            .into_iter()
            .map(entry)
            .collect::<mlua::Result<Map>>()?,
    ))
}

/// A Lua error with this message.
fn external(message: impl Into<String>) -> mlua::Error {
    mlua::Error::external(Diagnostic::new(message))
}

/// The Lua value of an engine value.
pub fn to_lua(lua: &Lua, value: Value) -> mlua::Result<mlua::Value> {
    Ok(match value {
        Value::Nil => mlua::Nil,
        Value::Bool(x) => mlua::Value::Boolean(x),
        Value::Int(n) => mlua::Value::Integer(n),
        Value::Float(x) => mlua::Value::Number(x),
        Value::Text(text) => mlua::Value::String(lua.create_string(text)?),
        Value::List(list) => {
            let table = lua.create_table_with_capacity(list.len(), 0)?;
            for item in list {
                table.raw_push(to_lua(lua, item)?)?;
            }
            mlua::Value::Table(table)
        }
        Value::Map(map) => {
            let table = lua.create_table_with_capacity(0, map.len())?;
            for (key, item) in map {
                table.raw_set(key, to_lua(lua, item)?)?;
            }
            mlua::Value::Table(table)
        }
        Value::Tensor(tensor) => {
            let handle = Handle::Tensor(ScriptTensor::new(tensor));
            mlua::Value::UserData(lua.create_any_userdata(handle)?)
        }
        Value::Object(object) => {
            mlua::Value::UserData(lua.create_any_userdata(Handle::Object(object))?)
        }
        Value::Function(function) => {
            let call = move |lua: &Lua, args: MultiValue| {
                let args = args
                    .into_iter()
                    .map(from_lua)
                    .collect::<mlua::Result<_>>()?;
                to_lua(lua, function.call(args).map_err(mlua::Error::external)?)
            };
            mlua::Value::Function(lua.create_function(call)?)
        }
    })
}

/// A Lua closure that the engine can call.
struct Closure(mlua::Function);

impl Callable for Closure {
    fn call(&self, args: Vec<Value>) -> Result<Value, Diagnostic> {
        let lua = self.0.weak_lua().upgrade();
        let args: mlua::Result<MultiValue> =
            args.into_iter().map(|arg| to_lua(&lua, arg)).collect();
        let result = args.and_then(|args| self.0.call::<mlua::Value>(args));
        result.and_then(from_lua).map_err(super::errors::convert)
    }

    fn method_name(&self) -> Option<String> {
        super::methods::method_name(&self.0)
    }

    fn location(&self) -> Option<Location> {
        let info = self.0.info();
        Some(Location {
            file: info.source?.strip_prefix('@')?.into(),
            line: info.line_defined?,
            column: None,
        })
    }
}

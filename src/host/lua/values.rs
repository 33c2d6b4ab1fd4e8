//! Between Lua's values and ours.

use mlua::{Lua, MultiValue};

use super::super::call::{DEEPEST, TOO_DEEP};
use crate::api::fault::{Fault, Place};
use crate::api::value::{Callable, Function, Map, Value};

/// A tensor or an object as Lua holds it.
#[derive(Clone)]
pub struct Handle(pub Value);

/// A value of the engine from one of Lua.
///
/// Errors: a table that is neither a list nor a map, or a kind of value that has no meaning here.
pub fn value(value: mlua::Value) -> mlua::Result<Value> {
    nested(value, 0)
}

fn nested(value: mlua::Value, depth: usize) -> mlua::Result<Value> {
    Ok(match value {
        mlua::Value::Nil => Value::Nil,
        mlua::Value::Boolean(x) => Value::Bool(x),
        mlua::Value::Integer(n) => Value::Int(n),
        mlua::Value::Number(x) => Value::Float(x),
        mlua::Value::String(text) => Value::Text(text.to_string_lossy()),
        mlua::Value::Table(table) if depth < DEEPEST => from_table(&table, depth)?,
        mlua::Value::Table(_) => return Err(fault(TOO_DEEP)),
        mlua::Value::Function(function) => Value::Function(Function::new(Closure(function))),
        mlua::Value::UserData(data) => data.borrow::<Handle>()?.0.clone(),
        mlua::Value::Error(error) => Value::Text(super::faults::plain(*error).to_string()),
        other => {
            let kind = other.type_name();
            return Err(fault(format!("a {kind} cannot be given to attractor")));
        }
    })
}

fn from_table(table: &mlua::Table, depth: usize) -> mlua::Result<Value> {
    let length = table.raw_len();
    let pairs: Vec<(mlua::Value, mlua::Value)> = table.pairs().collect::<mlua::Result<Vec<_>>>()?;
    if length == pairs.len() {
        let items = table.sequence_values::<mlua::Value>();
        return Ok(Value::List(
            items
                .map(|item| nested(item?, depth + 1))
                .collect::<Result<_, _>>()?,
        ));
    }
    let entry = |(key, item): (mlua::Value, mlua::Value)| match key {
        mlua::Value::String(key) => Ok((key.to_string_lossy(), nested(item, depth + 1)?)),
        _ if length > 0 => Err(fault("a table has both numbered and named entries")),
        other => {
            let kind = other.type_name();
            let found = nested(other, depth + 1).map_or(kind.to_string(), |key| key.kind());
            Err(fault(format!("a map needs texts as keys, found {found}")))
        }
    };
    Ok(Value::Map(
        pairs
            .into_iter()
            .map(entry)
            .collect::<mlua::Result<Map>>()?,
    ))
}

fn fault(message: impl Into<String>) -> mlua::Error {
    mlua::Error::external(Fault::new(message))
}

/// A value of Lua from one of the engine.
pub fn lua_value(lua: &Lua, value: Value) -> mlua::Result<mlua::Value> {
    Ok(match value {
        Value::Nil => mlua::Nil,
        Value::Bool(x) => mlua::Value::Boolean(x),
        Value::Int(n) => mlua::Value::Integer(n),
        Value::Float(x) => mlua::Value::Number(x),
        Value::Text(text) => mlua::Value::String(lua.create_string(text)?),
        Value::List(list) => {
            let table = lua.create_table_with_capacity(list.len(), 0)?;
            for item in list {
                table.raw_push(lua_value(lua, item)?)?;
            }
            mlua::Value::Table(table)
        }
        Value::Map(map) => {
            let table = lua.create_table_with_capacity(0, map.len())?;
            for (key, item) in map {
                table.raw_set(key, lua_value(lua, item)?)?;
            }
            mlua::Value::Table(table)
        }
        held @ (Value::Tensor(_) | Value::Object(_)) => {
            mlua::Value::UserData(lua.create_userdata(Handle(held))?)
        }
        Value::Function(function) => {
            let call = move |lua: &Lua, args: MultiValue| {
                let args = args
                    .into_iter()
                    .map(self::value)
                    .collect::<mlua::Result<_>>()?;
                lua_value(lua, function.call(args).map_err(mlua::Error::external)?)
            };
            mlua::Value::Function(lua.create_function(call)?)
        }
    })
}

/// A closure of a script as the engine calls it.
struct Closure(mlua::Function);

impl Callable for Closure {
    fn call(&self, args: Vec<Value>) -> Result<Value, Fault> {
        let lua = self.0.weak_lua().upgrade();
        let args: mlua::Result<MultiValue> =
            args.into_iter().map(|arg| lua_value(&lua, arg)).collect();
        let result = args.and_then(|args| self.0.call::<mlua::Value>(args));
        result.and_then(value).map_err(super::faults::plain)
    }

    fn place(&self) -> Option<Place> {
        let info = self.0.info();
        Some(Place {
            file: info.source?.strip_prefix('@')?.into(),
            line: info.line_defined?,
            column: None,
        })
    }
}

//! Calls of the vocabulary from metamethods in Lua.

use mlua::Lua;

use super::super::dispatch::Vocabulary;
use super::{errors, limits, values};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

/// Converts arguments and result and calls the vocabulary.
pub fn apply(
    lua: &Lua,
    vocabulary: &Vocabulary,
    call: impl Fn(&Vocabulary, Vec<Value>) -> Result<Value, Diagnostic>,
    args: Vec<mlua::Value>,
) -> mlua::Result<mlua::Value> {
    let args = args
        .into_iter()
        .map(values::from_lua)
        .collect::<mlua::Result<Vec<_>>>()?;
    let result = call(vocabulary, args).map_err(|diagnostic| errors::raise(lua, diagnostic))?;
    limits::set_memory_limit(lua, vocabulary.context().meter.remaining());
    values::to_lua(lua, result)
}

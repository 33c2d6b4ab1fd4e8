//! The table of methods, and their names, which errors about a method without a call show.

use std::rc::Rc;

use mlua::{Lua, Table};

use super::super::dispatch::Vocabulary;

/// Registry key of the table of methods, which scripts cannot access.
pub const METHODS: &str = "attractor methods";

/// Registry key of the table from method functions to their names.
const METHOD_NAMES: &str = "attractor method names";

/// Stores the names of the methods, for errors about a method without a call.
pub fn register_names(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let methods: Table = lua.named_registry_value(METHODS)?;
    let names = lua.create_table()?;
    for name in vocabulary.methods.keys() {
        names.set(methods.get::<mlua::Function>(*name)?, *name)?;
    }
    lua.set_named_registry_value(METHOD_NAMES, names)
}

/// The name of the method, if the function is one.
pub fn method_name(function: &mlua::Function) -> Option<String> {
    let lua = function.weak_lua().try_upgrade()?;
    let names: Table = lua.named_registry_value(METHOD_NAMES).ok()?;
    names.get(function).ok()
}

//! Resource limits in Lua: a hook counts instructions, also in coroutines, and the memory limit of
//! Lua follows the remaining memory of the run.

use std::rc::Rc;

use mlua::{Function, HookTriggers, Lua, MultiValue, Table, Value, VmState};

use super::super::dispatch::Vocabulary;
use super::throw_location::NearLimit;
use super::{errors, values};
use crate::api::context::Context;
use crate::api::diagnostic::{Cause, Diagnostic};

/// Instructions between two checks of the limits and of Ctrl-C.
const CHECK_INTERVAL: u32 = 2_000;

const PRELUDE: &str = include_str!("prelude.lua");

/// The error message of Lua for a failed allocation.
const NO_MEMORY: &str = "not enough memory";

/// Installs the hook that stops scripts on Ctrl-C and at their limits.
pub fn install_hook(lua: &Lua, context: &Context) -> mlua::Result<()> {
    let meter = context.meter.clone();
    let weak = lua.weak();
    // Lua does not know the size of the tensors that its garbage references.
    meter.set_collector(move || {
        if let Some(lua) = weak.try_upgrade() {
            // A failed collection frees nothing; the later check reports the error.
            let _ = lua.gc_collect();
        }
    });
    lua.set_global_hook(
        HookTriggers::new().every_nth_instruction(CHECK_INTERVAL),
        move |lua, _| {
            let counted = meter.count(CHECK_INTERVAL.into());
            counted.map_err(|diagnostic| errors::raise(lua, diagnostic))?;
            let remaining = meter.remaining();
            if remaining < lua.used_memory() as u64 {
                // The stack is no longer available after a failed allocation.
                lua.set_app_data(NearLimit(errors::current_location(lua)));
            }
            set_memory_limit(lua, remaining);
            Ok(VmState::Continue)
        },
    )
}

/// Sets the memory limit of Lua to its current usage plus the remaining memory of the run.
pub fn set_memory_limit(lua: &Lua, remaining: u64) {
    let used = lua.used_memory().max(1);
    let limit = used.saturating_add(usize::try_from(remaining).unwrap_or(usize::MAX));
    // Fails only for a Lua state that mlua did not create.
    let _ = lua.set_memory_limit(limit);
}

/// Overrides the library functions that could evade the limits (`prelude.lua`).
pub fn install_prelude(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let context = vocabulary.context();
    let meter = context.meter.clone();
    let rethrow_limit = lua.create_function(move |lua, values: MultiValue| {
        meter
            .check()
            .map_err(|diagnostic| errors::raise(lua, diagnostic))?;
        match values.front().and_then(limit_error) {
            Some(diagnostic) => Err(errors::raise(lua, diagnostic)),
            None => Ok(()),
        }
    })?;
    let is_limit = lua.create_function(|_, value: Value| Ok(limit_error(&value).is_some()))?;
    let meter = context.meter.clone();
    let charge = lua.create_function(move |lua, ()| {
        let counted = meter.count(CHECK_INTERVAL.into());
        counted.map_err(|diagnostic| errors::raise(lua, diagnostic))
    })?;
    let check_plain = lua.create_function(check_plain)?;
    let check_iterable = iterable_check(lua, vocabulary)?;
    let context = context.clone();
    let load_module = lua.create_function(move |lua, name: String| {
        let (text, path) =
            read_module(&context, &name).map_err(|diagnostic| errors::raise(lua, diagnostic))?;
        let chunk = lua.load(text).set_name(format!("@{path}"));
        let chunk = chunk
            .set_mode(mlua::chunk::ChunkMode::Text)
            .into_function()?;
        Ok((chunk, path))
    })?;
    let prelude = lua.load(PRELUDE).set_name(format!("={}", errors::PRELUDE));
    prelude.call::<()>((
        rethrow_limit,
        is_limit,
        charge,
        check_plain,
        check_iterable,
        load_module,
    ))
}

/// The function that raises an error for a value without elements.
fn iterable_check(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<Function> {
    let vocabulary = vocabulary.clone();
    lua.create_function(move |lua, value: Value| {
        let count = vocabulary.count_elements(&values::from_lua(value)?);
        let count = count.map_err(|diagnostic| errors::raise(lua, diagnostic));
        count.map(drop)
    })
}

/// Checks that the length of a table is not computed by a metamethod.
fn check_plain(lua: &Lua, table: Table) -> mlua::Result<()> {
    let length = table.metatable().map(|meta| meta.raw_get::<Value>("__len"));
    match length.transpose()? {
        None | Some(Value::Nil) => Ok(()),
        Some(_) => {
            let message = "expected a table without a metamethod `__len`, found one";
            Err(errors::raise(lua, Diagnostic::new(message)))
        }
    }
}

/// The diagnostic of a Lua error value that is a limit or an interruption.
fn limit_error(value: &Value) -> Option<Diagnostic> {
    let diagnostic = match value {
        Value::Error(error) => errors::convert((**error).clone()),
        Value::String(text) if text.to_string_lossy() == NO_MEMORY => errors::out_of_memory(),
        _ => return None,
    };
    (diagnostic.cause != Cause::Script).then_some(diagnostic)
}

/// The text and the path of the module `name` in the folder of the script; dots separate folders.
fn read_module(context: &Context, name: &str) -> Result<(String, String), Diagnostic> {
    let missing = || Diagnostic::new(format!("no module has the name `{name}`")).symbol(name);
    let relative = name.replace('.', "/");
    let relative = relative.trim_start_matches('/');
    let file = context.script.folder().join(format!("{relative}.lua"));
    let path = context.check_readable(&file)?;
    let text = std::fs::read_to_string(path).map_err(|_| missing())?;
    Ok((text, file.display().to_string()))
}

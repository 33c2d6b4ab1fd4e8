//! The limits of a run as Lua keeps them: a hook counts instructions, in coroutines too, and what
//! Lua may allocate follows what the whole run has left.

use std::rc::Rc;

use mlua::{HookTriggers, Lua, MultiValue, Table, Value, VmState};

use super::super::call::Vocabulary;
use super::faults;
use super::thrown::NearLimit;
use crate::api::context::Context;
use crate::api::fault::{Cause, Fault};

/// Instructions between two looks at Ctrl-C and the limits.
const PULSE: u32 = 2_000;

const PRELUDE: &str = include_str!("prelude.lua");

/// What Lua says when it has no memory left.
const NO_MEMORY: &str = "not enough memory";

/// Ends scripts that the user stops or that exceed a limit.
pub fn set(lua: &Lua, context: &Context) -> mlua::Result<()> {
    let meter = context.meter.clone();
    let weak = lua.weak();
    // Lua does not know how large the tensors are that its garbage holds.
    meter.collect_with(move || {
        if let Some(lua) = weak.try_upgrade() {
            // A collection that fails leaves the garbage there, which is all it can do.
            let _ = lua.gc_collect();
        }
    });
    lua.set_global_hook(
        HookTriggers::new().every_nth_instruction(PULSE),
        move |lua, _| {
            let counted = meter.count(PULSE.into());
            counted.map_err(|fault| faults::raise(lua, fault))?;
            let left = meter.left();
            if left < lua.used_memory() as u64 {
                // After an allocation that fails the stack is gone.
                lua.set_app_data(NearLimit(faults::caller(lua)));
            }
            balance(lua, left);
            Ok(VmState::Continue)
        },
    )
}

/// Lets Lua allocate as much as the run has left.
pub fn balance(lua: &Lua, left: u64) {
    let used = lua.used_memory().max(1);
    let most = used.saturating_add(usize::try_from(left).unwrap_or(usize::MAX));
    // Only a state that was made elsewhere refuses a limit.
    let _ = lua.set_memory_limit(most);
}

/// Puts bounded functions in the place of those that could evade the limits.
pub fn guard(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let context = vocabulary.context();
    let meter = context.meter.clone();
    let ended = lua.create_function(move |lua, values: MultiValue| {
        meter.check().map_err(|fault| faults::raise(lua, fault))?;
        match values.front().and_then(fatal) {
            Some(fault) => Err(faults::raise(lua, fault)),
            None => Ok(()),
        }
    })?;
    let is_fatal = lua.create_function(|_, value: Value| Ok(fatal(&value).is_some()))?;
    let meter = context.meter.clone();
    let charge = lua.create_function(move |lua, ()| {
        let counted = meter.count(PULSE.into());
        counted.map_err(|fault| faults::raise(lua, fault))
    })?;
    let plain = lua.create_function(|lua, table: Table| {
        let length = table.metatable().map(|meta| meta.raw_get::<Value>("__len"));
        match length.transpose()? {
            None | Some(Value::Nil) => Ok(()),
            Some(_) => {
                let words = "expected a table whose own entries say how long it is, found `__len`";
                Err(faults::raise(lua, Fault::new(words)))
            }
        }
    })?;
    let context = context.clone();
    let open = lua.create_function(move |lua, name: String| {
        let (text, path) = module(&context, &name).map_err(|fault| faults::raise(lua, fault))?;
        let chunk = lua.load(text).set_name(format!("@{path}"));
        let chunk = chunk
            .set_mode(mlua::chunk::ChunkMode::Text)
            .into_function()?;
        Ok((chunk, path))
    })?;
    let prelude = lua.load(PRELUDE).set_name(format!("={}", faults::PRELUDE));
    prelude.call::<()>((ended, is_fatal, charge, plain, open))
}

/// The limit or interruption that an error value of Lua is.
fn fatal(value: &Value) -> Option<Fault> {
    let fault = match value {
        Value::Error(error) => faults::plain((**error).clone()),
        Value::String(text) if text.to_string_lossy() == NO_MEMORY => faults::out_of_memory(),
        _ => return None,
    };
    (fault.cause != Cause::Script).then_some(fault)
}

/// The text and the path of `name.lua` beside the script; a point parts folders.
fn module(context: &Context, name: &str) -> Result<(String, String), Fault> {
    let missing = || Fault::new(format!("no module is called `{name}`")).culprit(name);
    let place = name.replace('.', "/");
    let place = place.trim_start_matches('/');
    let file = context.script.folder().join(format!("{place}.lua"));
    let path = context.readable(&file)?;
    let text = std::fs::read_to_string(path).map_err(|_| missing())?;
    Ok((text, file.display().to_string()))
}

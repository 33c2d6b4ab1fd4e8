//! Locations of errors that Lua gives none: thrown values that are not strings, and allocations
//! beyond the memory limit.

use mlua::{Error, Function, Lua, Value};

use super::faults;
use crate::api::fault::Place;

/// Replaces `error`. Its own call is one more level between the error and the script.
const WRAPPER: &str = "
local throw, note = ...
return function(value, level)
  if type(value) ~= 'string' then note(value) end
  level = level or 1
  if level ~= 0 then level = level + 1 end
  throw(value, level)
end";

/// The last value that was thrown without a place in its text.
struct Thrown {
    text: String,
    place: Option<Place>,
}

/// The line that was running when the memory limit was last near.
pub struct NearLimit(pub Option<Place>);

/// Notes from now on where values are thrown.
pub fn watch(lua: &Lua) -> mlua::Result<()> {
    let note = lua.create_function(|lua, value: Value| {
        let text = value.to_string()?;
        let place = faults::caller(lua);
        lua.set_app_data(Thrown { text, place });
        Ok(())
    })?;
    let globals = lua.globals();
    let throw: Function = globals.get("error")?;
    let wrapper = lua.load(WRAPPER).set_name("=error");
    globals.set("error", wrapper.call::<Function>((throw, note))?)
}

/// The place at which what `error` carries was thrown, if that was the last value thrown.
pub fn place(lua: &Lua, error: &Error) -> Option<Place> {
    if let Error::MemoryError(_) = error {
        return lua.app_data_ref::<NearLimit>()?.0.clone();
    }
    let thrown = lua.app_data_ref::<Thrown>()?;
    let text = text(error)?;
    text.starts_with(&thrown.text)
        .then(|| thrown.place.clone())?
}

fn text(error: &Error) -> Option<&str> {
    match error {
        Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => text(cause),
        Error::RuntimeError(text) => Some(text),
        _ => None,
    }
}

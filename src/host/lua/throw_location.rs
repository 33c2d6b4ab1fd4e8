//! Locations of errors for which Lua reports none: raised values that are not strings, and
//! allocations beyond the memory limit.

use mlua::{Error, Function, Lua, Value};

use super::errors;
use crate::api::diagnostic::Location;

/// Overrides `error`. The wrapper adds one stack level between the error and the script.
const WRAPPER: &str = "
local throw, record = ...
return function(value, level)
  if type(value) ~= 'string' then record(value) end
  level = level or 1
  if level ~= 0 then level = level + 1 end
  throw(value, level)
end";

/// The last raised value whose text has no location.
struct Thrown {
    text: String,
    location: Option<Location>,
}

/// The location at the last check at which the memory limit was close.
pub struct NearLimit(pub Option<Location>);

/// Overrides `error` so that the locations of raised values are recorded.
pub fn install(lua: &Lua) -> mlua::Result<()> {
    let record = lua.create_function(|lua, value: Value| {
        let text = value.to_string()?;
        let location = errors::current_location(lua);
        lua.set_app_data(Thrown { text, location });
        Ok(())
    })?;
    let globals = lua.globals();
    let throw: Function = globals.get("error")?;
    let wrapper = lua.load(WRAPPER).set_name("=error");
    globals.set("error", wrapper.call::<Function>((throw, record))?)
}

/// The location at which the value in `error` was raised, if it is the last raised value.
pub fn find(lua: &Lua, error: &Error) -> Option<Location> {
    if let Error::MemoryError(_) = error {
        return lua.app_data_ref::<NearLimit>()?.0.clone();
    }
    let thrown = lua.app_data_ref::<Thrown>()?;
    let text = text(error)?;
    text.starts_with(&thrown.text)
        .then(|| thrown.location.clone())?
}

/// The message of a runtime error.
fn text(error: &Error) -> Option<&str> {
    match error {
        Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => text(cause),
        Error::RuntimeError(text) => Some(text),
        _ => None,
    }
}

//! Location of excessive nesting in Lua scripts: Lua rejects such scripts without a line number.

use mlua::{Error, Lua};

use super::super::dispatch::too_nested;
use crate::api::diagnostic::{Diagnostic, Location};

/// Maximum nesting of the Lua parser (`LUAI_MAXCCALLS`).
const MAX_DEPTH: usize = 200;

/// The located error of a text that is nested too deep; `None` for any other error.
pub fn diagnose(lua: &Lua, name: &str, text: &str, error: &Error) -> Option<Diagnostic> {
    let location = || overflow_length(lua, text).map(|end| end_location(name, &text[..end]));
    is_overflow(error).then(|| too_nested(MAX_DEPTH).at(location()))
}

/// Whether the parser reported excessive nesting.
fn is_overflow(error: &Error) -> bool {
    // An overflow at run time has a location, so its message starts with the file name.
    match error {
        Error::SyntaxError { message, .. } | Error::RuntimeError(message) => {
            message.starts_with("C stack overflow")
        }
        _ => false,
    }
}

/// The length of the shortest prefix of `text` that is nested too deep.
fn overflow_length(lua: &Lua, text: &str) -> Option<usize> {
    let is_too_deep = |end: usize| {
        let error = lua.load(&text[..end]).into_function().err();
        error.is_some_and(|error| is_overflow(&error))
    };
    let (mut valid, mut invalid) = (0, text.len());
    while invalid - valid > 1 {
        let middle = text.floor_char_boundary(valid + (invalid - valid) / 2);
        if middle == valid {
            break;
        }
        match is_too_deep(middle) {
            true => invalid = middle,
            false => valid = middle,
        }
    }
    is_too_deep(invalid).then_some(invalid)
}

/// The location of the last character of `text`.
fn end_location(name: &str, text: &str) -> Location {
    let line = text.lines().last().unwrap_or_default();
    Location {
        file: name.into(),
        line: text.lines().count(),
        column: Some(line.chars().count().max(1)),
    }
}

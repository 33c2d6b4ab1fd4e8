//! Scripts of Lua that are nested too deep: Lua refuses them without saying where.

use mlua::{Error, Lua};

use super::super::call::too_nested;
use crate::api::fault::{Fault, Place};

/// Levels of nesting that Lua's parser takes (`LUAI_MAXCCALLS`).
const LEVELS: usize = 200;

/// The fault of a text that is nested too deep, with its place; none for any other error.
pub fn fault(lua: &Lua, name: &str, text: &str, error: &Error) -> Option<Fault> {
    let place = || overflow(lua, text).map(|end| at(name, &text[..end]));
    is_overflow(error).then(|| too_nested(LEVELS).at(place()))
}

fn is_overflow(error: &Error) -> bool {
    // Met while a script runs, it comes with a place.
    match error {
        Error::SyntaxError { message, .. } | Error::RuntimeError(message) => {
            message.starts_with("C stack overflow")
        }
        _ => false,
    }
}

/// The length of the shortest beginning of `text` that is nested too deep.
fn overflow(lua: &Lua, text: &str) -> Option<usize> {
    let deep = |end: usize| {
        let error = lua.load(&text[..end]).into_function().err();
        error.is_some_and(|error| is_overflow(&error))
    };
    let (mut fine, mut over) = (0, text.len());
    while over - fine > 1 {
        let middle = text.floor_char_boundary(fine + (over - fine) / 2);
        if middle == fine {
            break;
        }
        match deep(middle) {
            true => over = middle,
            false => fine = middle,
        }
    }
    deep(over).then_some(over)
}

/// The place of the last letter of `text`.
fn at(name: &str, text: &str) -> Place {
    let line = text.lines().last().unwrap_or_default();
    Place {
        file: name.into(),
        line: text.lines().count(),
        column: Some(line.chars().count().max(1)),
    }
}

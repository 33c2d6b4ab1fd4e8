//! The innermost error of nested calls, and its location in the user's script.

use rhai::{EvalAltResult, Position};

use crate::api::diagnostic::Location;
use crate::api::stdlib::SOURCE_PREFIX;

/// The innermost error of nested calls, and the source of its script.
pub fn innermost<'a>(error: &'a EvalAltResult, source: &'a str) -> (&'a EvalAltResult, &'a str) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, callee_source, inner, _) => {
            let callee_source = if callee_source.is_empty() {
                source
            } else {
                callee_source
            };
            innermost(inner, callee_source)
        }
        EvalAltResult::ErrorInModule(module, inner, _) => innermost(inner, module),
        other => (other, source),
    }
}

/// The location of the innermost call in the user's script.
pub fn nearest_location(error: &EvalAltResult, source: &str) -> Option<Location> {
    let within = match error {
        EvalAltResult::ErrorInFunctionCall(_, callee_source, inner, _) => {
            let callee_source = if callee_source.is_empty() {
                source
            } else {
                callee_source
            };
            nearest_location(inner, callee_source)
        }
        EvalAltResult::ErrorInModule(module, inner, _) => nearest_location(inner, module),
        _ => None,
    };
    within.or_else(|| location(error.position(), source))
}

/// The location of `position` in the script `source`. `None` for an unknown position, and for a
/// position in a bundled module, where the relevant location is the call in the user's script.
pub fn location(position: Position, source: &str) -> Option<Location> {
    // A closure that the engine calls has no source; the code that catches the error adds it.
    if source.is_empty() || source.starts_with(SOURCE_PREFIX) {
        return None;
    }
    let line = position.line()?;
    Some(Location {
        file: source.into(),
        line,
        column: position.position(),
    })
}

//! Errors that native functions raise in Rhai.

use rhai::{Dynamic, EvalAltResult, NativeCallContext, Position};

use super::error_location::location;
use crate::api::diagnostic::{Cause, Diagnostic};

/// The error that a native function raises; scripts cannot catch limits and interruptions.
pub fn raise(diagnostic: Diagnostic, context: &NativeCallContext) -> Box<EvalAltResult> {
    let position = context.call_position();
    // A closure that the engine calls has no source; its caller adds the script.
    let source = context.call_source();
    let diagnostic = diagnostic.at(source.and_then(|source| location(position, source)));
    to_rhai(diagnostic, position)
}

/// The Rhai error that carries a diagnostic; scripts cannot catch limits and interruptions.
pub fn to_rhai(diagnostic: Diagnostic, position: Position) -> Box<EvalAltResult> {
    let payload = Dynamic::from(diagnostic.clone());
    Box::new(match diagnostic.cause {
        Cause::Script => EvalAltResult::ErrorRuntime(payload, position),
        Cause::Interrupt | Cause::Limit => EvalAltResult::ErrorTerminated(payload, position),
    })
}

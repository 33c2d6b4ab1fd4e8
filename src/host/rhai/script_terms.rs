//! Script names for Rust types in Rhai error messages. A script catches an error of Rhai as a map
//! whose message contains Rust type names; this file replaces them with the names that scripts use.

use std::borrow::Cow;

use rhai::{Dynamic, EvalAltResult, Map, Position};

use super::messages;

/// Rust type names and their script names.
const TYPES: [(&str, &str); 6] = [
    ("&str | ImmutableString | String", "string"),
    ("attractor::host::script_tensor::ScriptTensor", "tensor"),
    ("attractor::api::value::Object", "object"),
    ("attractor::api::value::Function", "function"),
    ("attractor::api::diagnostic::Diagnostic", "error"),
    (
        "alloc::rc::Rc<core::cell::RefCell<rhai::types::dynamic::Dynamic>>",
        "variable that a closure captures",
    ),
];

/// The text with Rust type names replaced by script names.
pub fn replace_type_names(text: &str) -> Cow<'_, str> {
    let contains_type = |text: &str| TYPES.iter().any(|(name, _)| text.contains(name));
    if !contains_type(text) {
        return Cow::Borrowed(text);
    }
    let replaced = TYPES.iter().fold(text.to_string(), |text, (rust, script)| {
        text.replace(rust, script)
    });
    Cow::Owned(replaced)
}

/// The message of a caught Rhai error; `None` for any other map.
pub fn message(value: &Dynamic) -> Option<String> {
    let map = value.read_lock::<Map>()?;
    let kind = map.get("error")?.clone().into_string().ok()?;
    let message = map.get("message")?.clone().into_string().ok()?;
    if !kind.starts_with("Error") {
        return None;
    }
    // The position follows in the same line; the call stack follows in the next lines.
    let first = message.lines().next()?;
    let end = [" @ '", " (line "]
        .iter()
        .filter_map(|mark| first.rfind(mark))
        .min();
    let text = &first[..end.unwrap_or(first.len())];
    let error = parse_error(text);
    let message = match &error {
        Some(error) => messages::message(error),
        None => messages::lowercase_first(text),
    };
    Some(replace_type_names(&message).into_owned())
}

/// The Rhai error with this text, for the kinds of errors whose text contains type names.
fn parse_error(text: &str) -> Option<EvalAltResult> {
    const UNKNOWN: Position = Position::NONE;
    if let Some(rest) = text.strip_prefix("Data type incorrect: ") {
        let (found, expected) = rest.split_once(" (expecting ")?;
        let expected = expected.trim_end_matches(')').to_string();
        return Some(EvalAltResult::ErrorMismatchDataType(
            expected,
            found.into(),
            UNKNOWN,
        ));
    }
    if let Some(name) = text.strip_prefix("Property not found: ") {
        return Some(EvalAltResult::ErrorPropertyNotFound(name.into(), UNKNOWN));
    }
    if text.starts_with("Unknown property") || text.starts_with("No writable property") {
        return Some(EvalAltResult::ErrorDotExpr(text.into(), UNKNOWN));
    }
    if let Some(rest) = text.strip_prefix("Indexer unavailable: ") {
        return Some(EvalAltResult::ErrorIndexingType(rest.into(), UNKNOWN));
    }
    if text == "For loop expects iterable type" {
        return Some(EvalAltResult::ErrorFor(UNKNOWN));
    }
    let signature = text.strip_prefix("Function not found: ")?;
    Some(EvalAltResult::ErrorFunctionNotFound(
        signature.into(),
        UNKNOWN,
    ))
}

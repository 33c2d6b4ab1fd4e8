//! Rhai's own errors as a script catches them: a map, whose text has the names that types have
//! inside the program. Here they get the names that scripts know.

use std::borrow::Cow;

use rhai::{Dynamic, EvalAltResult, Map, Position};

use super::faults;

/// Types inside the program, and what scripts call them.
const TYPES: [(&str, &str); 6] = [
    ("&str | ImmutableString | String", "text"),
    ("candle_core::tensor::Tensor", "tensor"),
    ("attractor::api::value::Object", "object"),
    ("attractor::api::value::Function", "function"),
    ("attractor::api::fault::Fault", "fault"),
    (
        "alloc::rc::Rc<core::cell::RefCell<rhai::types::dynamic::Dynamic>>",
        "value that a closure uses too",
    ),
];

/// The text with the names that scripts know in place of those inside the program.
pub fn in_script_terms(text: &str) -> Cow<'_, str> {
    let inside = |text: &str| TYPES.iter().any(|(name, _)| text.contains(name));
    if !inside(text) {
        return Cow::Borrowed(text);
    }
    let replaced = TYPES.iter().fold(text.to_string(), |text, (name, known)| {
        text.replace(name, known)
    });
    Cow::Owned(replaced)
}

/// What the error says that Rhai made this map of; none for a map of the script's own.
pub fn message(value: &Dynamic) -> Option<String> {
    let map = value.read_lock::<Map>()?;
    let kind = map.get("error")?.clone().into_string().ok()?;
    let whole = map.get("message")?.clone().into_string().ok()?;
    if !kind.starts_with("Error") {
        return None;
    }
    // Below the first line stand the calls that led there, behind it the position.
    let first = whole.lines().next()?;
    let end = [" @ '", " (line "]
        .iter()
        .filter_map(|mark| first.rfind(mark))
        .min();
    let words = &first[..end.unwrap_or(first.len())];
    let error = error(words);
    let told = match &error {
        Some(error) => faults::plain(error, "").message,
        None => faults::lower(words),
    };
    Some(in_script_terms(&told).into_owned())
}

/// The error that Rhai writes as `words`, for those whose text names types.
fn error(words: &str) -> Option<EvalAltResult> {
    const HERE: Position = Position::NONE;
    if let Some(rest) = words.strip_prefix("Data type incorrect: ") {
        let (found, expected) = rest.split_once(" (expecting ")?;
        let expected = expected.trim_end_matches(')').to_string();
        return Some(EvalAltResult::ErrorMismatchDataType(
            expected,
            found.into(),
            HERE,
        ));
    }
    if let Some(name) = words.strip_prefix("Property not found: ") {
        return Some(EvalAltResult::ErrorPropertyNotFound(name.into(), HERE));
    }
    if words.starts_with("Unknown property") || words.starts_with("No writable property") {
        return Some(EvalAltResult::ErrorDotExpr(words.into(), HERE));
    }
    if let Some(rest) = words.strip_prefix("Indexer unavailable: ") {
        return Some(EvalAltResult::ErrorIndexingType(rest.into(), HERE));
    }
    if words == "For loop expects iterable type" {
        return Some(EvalAltResult::ErrorFor(HERE));
    }
    let signature = words.strip_prefix("Function not found: ")?;
    Some(EvalAltResult::ErrorFunctionNotFound(signature.into(), HERE))
}

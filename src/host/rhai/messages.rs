//! The messages and hints for errors that Rhai itself raises.

use rhai::{EvalAltResult, ParseErrorType};

use super::super::dispatch::UNBOUNDED_RECURSION;
use super::super::elements::{RHAI_ITERABLE, read_only_error, rhai_loop};
use super::operators;
use crate::api::native::FLOOR_DIVIDE;
use crate::api::value::{Map, Value};
use crate::base::synonyms::{self, SYNONYMS};

/// The hint for an error that Rhai itself raises.
pub fn hint(error: &EvalAltResult) -> Option<String> {
    let hint = match error {
        EvalAltResult::ErrorArithmetic(message, _) if message.contains("negative") => {
            "an integer power of an integer is an integer; write the base as a float: 2.0 ** -1"
        }
        EvalAltResult::ErrorMismatchDataType(expected, found, _) => {
            return mismatch_hint(expected, found).map(Into::into);
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            return range_hint(signature).map(Into::into);
        }
        EvalAltResult::ErrorParsing(kind, _) => return parse_hint(kind),
        EvalAltResult::ErrorDotExpr(text, _) if quoted(text).get(1) == Some(&"()") => {
            "`{}` is an empty block, whose value is nil; an empty map is `#{}`"
        }
        EvalAltResult::ErrorDataTooLarge(..) => {
            "the strings and lists of the script use too much memory; store large data in tensors"
        }
        EvalAltResult::ErrorStackOverflow(_) => UNBOUNDED_RECURSION,
        _ => return None,
    };
    Some(hint.into())
}

/// The hint for an error of the parser.
fn parse_hint(kind: &ParseErrorType) -> Option<String> {
    match kind {
        ParseErrorType::UnknownOperator(operator) => operators::removed_hint(operator),
        ParseErrorType::Reserved(word) => {
            let names: Vec<&str> = SYNONYMS.iter().map(|(name, _)| *name).collect();
            let name = synonyms::lookup(word, &names)?;
            Some(format!("did you mean `{name}`?"))
        }
        ParseErrorType::MismatchedType(expected, found) if expected == ITERABLE => {
            Some(loop_hint(found))
        }
        ParseErrorType::MissingToken(token, context)
            if token == "]" && context.contains("index expression") =>
        {
            let hint = "index several axes with a list, t[[0, 1]], or with t.at(0, 1); a slice is \
                        t[1..3] or t[\"1:3\"]";
            Some(hint.into())
        }
        _ => None,
    }
}

/// The hint for a range of values that are not integers.
fn range_hint(signature: &str) -> Option<&'static str> {
    if !signature.starts_with("..") {
        return None;
    }
    if signature.contains("f64") {
        return Some(FLOOR_DIVIDE);
    }
    signature.contains("tring").then_some(
        "`..` is a range of integers; join strings with `+`, or write `a is ${a}` between \
         backticks",
    )
}

/// The hint for a value of type `found` where `expected` is required.
fn mismatch_hint(expected: &str, found: &str) -> Option<&'static str> {
    match (kind_name(expected), kind_name(found)) {
        ("a boolean", "a tensor") => {
            Some("`all()` and `any()` reduce a tensor to one boolean; `a & b` combines masks")
        }
        ("an integer", "a number") => Some(FLOOR_DIVIDE),
        _ if found.starts_with("core::ops::range::Range") => Some(
            "`list.extract(1..3)` is a part of a list; tensor(list)[1..3] is a part of a tensor",
        ),
        _ => None,
    }
}

/// The message of an error that Rhai itself raises, not of a value that a script raises.
pub fn message(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorMismatchDataType(expected, found, _) => {
            format!(
                "expected {}, found {}",
                kind_name(expected),
                kind_name(found)
            )
        }
        EvalAltResult::ErrorDataRace(..) => {
            "a list or map that a closure captures cannot be an argument of its own method".into()
        }
        EvalAltResult::ErrorFor(_) => loop_message("another kind of value"),
        EvalAltResult::ErrorIndexingType(text, _) if text.contains(" = ") => {
            read_only_error().message
        }
        EvalAltResult::ErrorIndexingType(text, _) => no_indexing(text),
        EvalAltResult::ErrorStackOverflow(_) => "too many nested function calls".into(),
        EvalAltResult::ErrorDataTooLarge(..) => "not enough memory".into(),
        EvalAltResult::ErrorDotExpr(text, _) => missing_property(text),
        EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with("anon$") => {
            "a closure is called with the wrong number of arguments".into()
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => no_matching_function(signature),
        EvalAltResult::ErrorTerminated(..) => "interrupted".into(),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("the map has no entry `{name}`"),
        EvalAltResult::ErrorParsing(kind, _) => parse_message(kind),
        other => {
            let text = other.to_string();
            let without_position = text.rsplit_once(" (line ").map(|(message, _)| message);
            lowercase_first(without_position.unwrap_or(&text))
        }
    }
}

/// The message of an error of the parser.
fn parse_message(kind: &ParseErrorType) -> String {
    match kind {
        ParseErrorType::UnknownOperator(operator) => format!("`{operator}` is not an operator"),
        ParseErrorType::MismatchedType(expected, found) => {
            let expected = match expected.as_str() {
                ITERABLE => return loop_message(constant_kind(found)),
                "a boolean expression" => "a boolean",
                other => other,
            };
            format!("expected {expected}, found {}", constant_kind(found))
        }
        kind => lowercase_first(&kind.to_string()),
    }
}

/// The message for a loop over a value without elements.
fn loop_message(found: &str) -> String {
    format!("expected {RHAI_ITERABLE} to iterate over, found {found}")
}

/// The kind of value that the parser expects in a loop over a constant.
const ITERABLE: &str = "an iterable value";

/// The kind of a constant in an error of the parser.
fn constant_kind(kind: &str) -> &str {
    match kind {
        "an object map" => "a map",
        "a number" => "an integer",
        "a floating-point number" => "a number",
        "a boolean" => "a boolean",
        "()" => "nil",
        other => other,
    }
}

/// The hint for a loop over a constant.
fn loop_hint(kind: &str) -> String {
    let value = match kind {
        "an object map" => Value::Map(Map::new()),
        "a number" => Value::Int(0),
        "a floating-point number" => Value::Float(0.0),
        _ => Value::Nil,
    };
    rhai_loop(&value)
}

/// The text with a lowercase first letter, unless it starts with an abbreviation.
pub fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_string(),
    }
}

/// The message for a call `name (kind, kind)` without a matching function.
pub fn no_matching_function(signature: &str) -> String {
    let (name, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds = kinds.strip_suffix(')').unwrap_or(kinds).split(", ");
    let kinds: Vec<&str> = kinds
        .filter(|kind| !kind.is_empty())
        .map(kind_name)
        .collect();
    match kinds.is_empty() {
        true => format!("no function `{name}` accepts a call without arguments"),
        false => format!("`{name}` does not accept {}", kinds.join(" and ")),
    }
}

/// The message for an index of the wrong kind, from text such as `array [string]`.
fn no_indexing(text: &str) -> String {
    match text.trim_end_matches(']').split_once(" [") {
        Some((value, index)) => format!(
            "{} cannot be indexed by {}",
            kind_name(value),
            kind_name(index)
        ),
        None => format!("{} cannot be indexed", kind_name(text)),
    }
}

/// The kinds in `map, i64)` as text: `a map, an integer)`.
pub fn describe_kinds(list: &str) -> String {
    let kinds = list.trim_end_matches(')').split(", ");
    kinds.map(kind_name).collect::<Vec<_>>().join(", ") + ")"
}

/// The message for an unknown property `'name' ... 'type'`, or for one that cannot be set.
fn missing_property(text: &str) -> String {
    match quoted(text).as_slice() {
        [name, kind] => format!("{} has no entry `{name}`", kind_name(kind)),
        [name, kind, _] => format!("{} has no entry `{name}` that can be set", kind_name(kind)),
        _ => lowercase_first(text),
    }
}

/// The parts of `text` between single quotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('\'').skip(1).step_by(2).collect()
}

/// The kind of value for a type name of Rhai.
fn kind_name(kind: &str) -> &str {
    match kind {
        "i64" => "an integer",
        "f64" => "a number",
        "string" | "&str | ImmutableString | String" => "a string",
        "array" => "a list",
        "map" => "a map",
        "bool" => "a boolean",
        "float" => "a number",
        "()" => "nil",
        "Fn" => "a function",
        "error" => "an error",
        kind if kind.ends_with("Tensor") || kind == "tensor" => "a tensor",
        kind if kind.ends_with("Object") || kind == "object" => "an object",
        kind if kind.starts_with("alloc::rc::Rc<") => "a variable that a closure captures",
        "blob" => "a blob of bytes",
        "timestamp" => "a timestamp",
        "char" => "a character",
        kind if kind.starts_with("core::ops::range::Range") => "a range",
        kind => kind,
    }
}

//! Conversion of Rhai errors to diagnostics, located at the innermost call in the user's script.

use rhai::{Dynamic, EvalAltResult, NativeCallContext, ParseErrorType, Position};

use super::super::dispatch::{UNBOUNDED_RECURSION, Vocabulary, read_only_error, too_nested};
use super::register::EXPRESSION_DEPTH;
use crate::api::diagnostic::{Cause, Diagnostic, Location};
use crate::api::display;
use crate::api::stdlib::SOURCE_PREFIX;

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

/// The diagnostic of a Rhai error, with suggestions for unknown names.
pub fn diagnose(vocabulary: &Vocabulary, error: &EvalAltResult, source: &str) -> Diagnostic {
    let diagnostic = convert(error, source);
    let (inner, _) = innermost(error, source);
    match inner {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => match signature.split_once(" (") {
            Some((name, kinds)) if name.starts_with("anon$") => Diagnostic {
                hint: Some(format!("the call passes ({}", describe_kinds(kinds))),
                ..diagnostic
            },
            _ => Diagnostic {
                location: diagnostic.location,
                ..unknown_signature(vocabulary, signature)
            },
        },
        EvalAltResult::ErrorIndexingType(signature, _) if signature.contains(" = ") => Diagnostic {
            location: diagnostic.location,
            ..read_only_error()
        },
        EvalAltResult::ErrorVariableNotFound(name, _)
        | EvalAltResult::ErrorParsing(
            ParseErrorType::VariableUndefined(name) | ParseErrorType::ModuleUndefined(name),
            _,
        ) => unknown_variable(vocabulary, name, diagnostic.location),
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let near = crate::api::native::suggest(
                name,
                vocabulary
                    .functions
                    .keys()
                    .copied()
                    .filter(|module| !module.is_empty()),
            );
            Diagnostic {
                hint: near,
                message: format!("no module has the name `{name}`"),
                ..diagnostic
            }
        }
        _ => diagnostic,
    }
}

/// The error for an unknown variable; in `rnn.vanilla` the hint shows how to call the function.
fn unknown_variable(vocabulary: &Vocabulary, name: &str, location: Option<Location>) -> Diagnostic {
    let unknown = vocabulary.unknown_function("", name);
    let hint = member(vocabulary, location.as_ref(), name)
        .map(|member| format!("`{name}` is a module: write {name}::{member}"));
    Diagnostic {
        location,
        hint: hint.or(unknown.hint),
        ..unknown
    }
}

/// The function `member` of the module `name` in an expression `name.member` at this location.
fn member(vocabulary: &Vocabulary, location: Option<&Location>, name: &str) -> Option<String> {
    let functions = vocabulary.functions.get(name)?;
    let (location, script) = (location?, &vocabulary.context().script);
    if location.file != script.path {
        return None;
    }
    let line = script.text.lines().nth(location.line.checked_sub(1)?)?;
    let behind: String = line
        .chars()
        .skip(location.column?.checked_sub(1)? + name.chars().count())
        .collect();
    let member = behind.strip_prefix('.')?;
    let end = member.find(|c: char| !c.is_alphanumeric() && c != '_');
    let member = &member[..end.unwrap_or(member.len())];
    functions.contains_key(member).then(|| member.to_string())
}

/// The diagnostic of a Rhai error, without suggestions from the vocabulary.
pub fn convert(error: &EvalAltResult, source: &str) -> Diagnostic {
    let location = nearest_location(error, source);
    let (inner, _) = innermost(error, source);
    let carried = match inner {
        EvalAltResult::ErrorRuntime(payload, _) | EvalAltResult::ErrorTerminated(payload, _) => {
            payload
                .read_lock::<Diagnostic>()
                .map(|diagnostic| diagnostic.clone())
        }
        _ => None,
    };
    if let Some(diagnostic) = carried {
        return diagnostic.at(location);
    }
    if let EvalAltResult::ErrorParsing(ParseErrorType::ExprTooDeep, _) = inner {
        return too_nested(EXPRESSION_DEPTH).at(location);
    }
    if let EvalAltResult::ErrorTooManyOperations(_) = inner {
        return Diagnostic::too_many_operations().at(location);
    }
    let cause = match inner {
        EvalAltResult::ErrorTerminated(..) => Cause::Interrupt,
        EvalAltResult::ErrorDataTooLarge(..) | EvalAltResult::ErrorStackOverflow(_) => Cause::Limit,
        _ => Cause::Script,
    };
    Diagnostic {
        hint: hint(inner),
        cause,
        ..Diagnostic::new(message(inner)).at(location)
    }
}

/// Whether the error is a call of an unknown function.
pub fn is_unknown_function(error: &EvalAltResult) -> bool {
    matches!(
        innermost(error, "").0,
        EvalAltResult::ErrorFunctionNotFound(..)
    )
}

/// Adds the hint for a call of a closure in the variable `name` as if it were a function.
pub fn hint_variable_call(diagnostic: Diagnostic, name: &str) -> Diagnostic {
    diagnostic.hint(format!(
        "`{name}` is a variable; call the function that it contains with {name}.call(..)"
    ))
}

/// The innermost error of nested calls, and the source of its script.
fn innermost<'a>(error: &'a EvalAltResult, source: &'a str) -> (&'a EvalAltResult, &'a str) {
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
fn nearest_location(error: &EvalAltResult, source: &str) -> Option<Location> {
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

/// The hint for an error that Rhai itself raises.
fn hint(error: &EvalAltResult) -> Option<String> {
    let hint = match error {
        EvalAltResult::ErrorMismatchDataType(expected, found, _)
            if expected == "bool" && kind_name(found) == "a tensor" =>
        {
            "`all()` and `any()` reduce a tensor to one truth value"
        }
        EvalAltResult::ErrorFor(_) => "`to_list()` converts a tensor to a list",
        EvalAltResult::ErrorDataTooLarge(..) => {
            "the texts and lists of the script use too much memory; store large data in tensors"
        }
        EvalAltResult::ErrorStackOverflow(_) => UNBOUNDED_RECURSION,
        _ => return None,
    };
    Some(hint.into())
}

/// The message of an error that Rhai itself raises.
fn message(error: &EvalAltResult) -> String {
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
        EvalAltResult::ErrorFor(_) => {
            "expected a list, a range or a text to iterate over, found another kind of value".into()
        }
        EvalAltResult::ErrorIndexingType(text, _) if text.contains(" = ") => {
            read_only_error().message
        }
        EvalAltResult::ErrorStackOverflow(_) => "too many nested function calls".into(),
        EvalAltResult::ErrorDataTooLarge(..) => "not enough memory".into(),
        EvalAltResult::ErrorDotExpr(text, _) => match quoted(text).as_slice() {
            [name, kind] => format!("{} has no entry `{name}`", kind_name(kind)),
            [name, kind, _] => format!("{} has no entry `{name}` that can be set", kind_name(kind)),
            _ => lowercase_first(text),
        },
        EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with("anon$") => {
            "a closure is called with the wrong number of arguments".into()
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => no_matching_function(signature),
        EvalAltResult::ErrorRuntime(payload, _) => {
            let value = super::values::from_rhai(payload.clone(), &std::rc::Weak::new());
            value.map_or("an error without a message".into(), |value| {
                display::print_text(&value)
            })
        }
        EvalAltResult::ErrorTerminated(..) => "interrupted".into(),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("the map has no entry `{name}`"),
        EvalAltResult::ErrorParsing(kind, _) => lowercase_first(&kind.to_string()),
        other => {
            let text = other.to_string();
            lowercase_first(
                text.rsplit_once(" (line ")
                    .map_or(text.as_str(), |(message, _)| message),
            )
        }
    }
}

/// The parts of `text` between single quotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('\'').skip(1).step_by(2).collect()
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
fn no_matching_function(signature: &str) -> String {
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

/// The error for an unknown call such as `rnn::vanila (map)` or `tnh (Tensor)`.
fn unknown_signature(vocabulary: &Vocabulary, signature: &str) -> Diagnostic {
    let (path, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds: Vec<&str> = kinds
        .trim_end_matches(')')
        .split(", ")
        .filter(|k| !k.is_empty())
        .collect();
    if let Some((module, name)) = path.rsplit_once("::") {
        return vocabulary.unknown_function(module, name);
    }
    let message = no_matching_function(signature);
    if path.chars().all(|c| !c.is_alphanumeric() && c != '_') {
        return Diagnostic::new(message);
    }
    let diagnostic = Diagnostic::new(message).symbol(path);
    match kinds.as_slice() {
        [_, ..] if vocabulary.methods.contains_key(path) => {
            match kinds[0] {
                // Users may expect `==` to return a tensor.
                "bool" => diagnostic.hint(
                    "`==` returns one truth value; use a.eq(b) for an elementwise comparison",
                ),
                _ => diagnostic,
            }
        }
        // Engine functions accept any number of arguments and report the expected number
        // themselves.
        _ if path == "print" => {
            Diagnostic::new(format!("`print` takes one value, found {}", kinds.len()))
                .symbol(path)
                .hint("combine several values in one text: print(`a is ${a}, b is ${b}`)")
        }
        _ => {
            let mut diagnostic = vocabulary.unknown_function("", path);
            if diagnostic.hint.is_none() {
                let known = vocabulary.methods.keys().copied();
                diagnostic.hint = crate::api::native::suggest(path, known);
            }
            diagnostic
        }
    }
}

/// The kinds in `map, i64)` as text: `a map, an integer)`.
fn describe_kinds(list: &str) -> String {
    let kinds = list.trim_end_matches(')').split(", ");
    kinds.map(kind_name).collect::<Vec<_>>().join(", ") + ")"
}

/// The kind of value for a type name of Rhai.
fn kind_name(kind: &str) -> &str {
    match kind {
        "i64" => "an integer",
        "f64" => "a number",
        "string" | "&str | ImmutableString | String" => "a text",
        "array" => "a list",
        "map" => "a map",
        "bool" => "a truth value",
        "float" => "a number",
        "()" => "nothing",
        "Fn" => "a function",
        kind if kind.ends_with("Tensor") || kind == "tensor" => "a tensor",
        kind if kind.ends_with("Object") || kind == "object" => "an object",
        kind if kind.starts_with("alloc::rc::Rc<") => "a variable that a closure captures",
        "blob" => "a blob of bytes",
        "timestamp" => "a timestamp",
        "char" => "a character",
        kind => kind,
    }
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

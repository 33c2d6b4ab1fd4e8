//! Conversion of Rhai errors to diagnostics, located at the innermost call in the user's script.

use std::rc::Weak;

use rhai::{Dynamic, EvalAltResult, ParseErrorType};

use super::super::dispatch::{Vocabulary, too_nested};
use super::super::elements::read_only_error;
use super::error_location::{innermost, nearest_location};
use super::limits::EXPRESSION_DEPTH;
use super::{messages, values};
use crate::api::diagnostic::{Cause, Diagnostic, Location};
use crate::api::display;
use crate::api::native::suggest;
use crate::api::stdlib::SOURCE_PREFIX;
use crate::base::synonyms;

/// The diagnostic of a Rhai error, with suggestions for unknown names. An error in a bundled
/// script function is an error of the call in the script.
pub fn diagnose(vocabulary: &Vocabulary, error: &EvalAltResult, source: &str) -> Diagnostic {
    let diagnostic = suggest_names(vocabulary, error, source);
    match script_function(error) {
        Some(path) if !source.starts_with(SOURCE_PREFIX) => {
            name_script_function(diagnostic, error, &path)
        }
        _ => diagnostic,
    }
}

/// The diagnostic of a Rhai error, with suggestions for unknown names.
fn suggest_names(vocabulary: &Vocabulary, error: &EvalAltResult, source: &str) -> Diagnostic {
    let diagnostic = convert(error, source);
    let suggestion = match innermost(error, source).0 {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => match signature.split_once(" (") {
            Some((name, kinds)) if name.starts_with("anon$") => {
                let kinds = messages::describe_kinds(kinds);
                return diagnostic.hint(format!("the call passes ({kinds}"));
            }
            Some((operator, _)) if operator.starts_with("..") => return diagnostic,
            _ => unknown_signature(vocabulary, signature),
        },
        EvalAltResult::ErrorIndexingType(signature, _) if signature.contains(" = ") => {
            read_only_error()
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let message = format!("no module has the name `{name}`");
            let hint = similar_module(vocabulary, name);
            return Diagnostic {
                hint,
                message,
                ..diagnostic
            };
        }
        EvalAltResult::ErrorVariableNotFound(name, _)
        | EvalAltResult::ErrorParsing(
            ParseErrorType::VariableUndefined(name) | ParseErrorType::ModuleUndefined(name),
            _,
        ) => unknown_variable(vocabulary, name, diagnostic.location.as_ref()),
        _ => return diagnostic,
    };
    Diagnostic {
        location: diagnostic.location,
        ..suggestion
    }
}

/// The error for an unknown variable; in `rnn.vanilla` the hint shows how to call the function.
fn unknown_variable(
    vocabulary: &Vocabulary,
    name: &str,
    location: Option<&Location>,
) -> Diagnostic {
    let unknown = vocabulary.unknown_function("", name);
    let hint = member(vocabulary, location, name)
        .map(|member| format!("`{name}` is a module: write {name}::{member}"));
    Diagnostic {
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

/// Whether the error is a call of an unknown function.
pub fn is_unknown_function(error: &EvalAltResult) -> bool {
    matches!(
        innermost(error, "").0,
        EvalAltResult::ErrorFunctionNotFound(..)
    )
}

/// Names the bundled script function that a script called in an error which Rhai itself raised in
/// the function, since the script contains none of the names in it.
pub fn name_script_function(
    diagnostic: Diagnostic,
    error: &EvalAltResult,
    path: &str,
) -> Diagnostic {
    let is_own_message = match innermost(error, "").0 {
        EvalAltResult::ErrorRuntime(..) | EvalAltResult::ErrorTerminated(..) => true,
        _ => diagnostic.cause != Cause::Script,
    };
    if is_own_message {
        return diagnostic;
    }
    Diagnostic {
        message: format!("{path}: {}", diagnostic.message),
        hint: Some(format!("help(\"{path}\") describes the arguments")),
        ..diagnostic
    }
}

/// The path of the bundled script function that the user's script called, if the error is in it.
fn script_function(error: &EvalAltResult) -> Option<String> {
    match error {
        EvalAltResult::ErrorInFunctionCall(name, source, inner, _) => {
            match source.strip_prefix(SOURCE_PREFIX) {
                Some(module) => {
                    let name = name.rsplit("::").next()?;
                    Some(format!("{module}::{name}"))
                }
                None => script_function(inner),
            }
        }
        EvalAltResult::ErrorInModule(_, inner, _) => script_function(inner),
        _ => None,
    }
}

/// Adds the hint for a call of a closure in the variable `name` as if it were a function.
pub fn hint_variable_call(diagnostic: Diagnostic, name: &str) -> Diagnostic {
    diagnostic.hint(format!(
        "`{name}` is a variable; call the function that it contains with {name}.call(..)"
    ))
}

/// The error for a name that the vocabulary does not define, with a similar function or method as
/// the hint.
pub fn unknown_name(vocabulary: &Vocabulary, name: &str) -> Diagnostic {
    let diagnostic = vocabulary.unknown_function("", name);
    let hint = diagnostic
        .hint
        .clone()
        .or_else(|| suggest(name, vocabulary.methods.keys().copied()));
    Diagnostic { hint, ..diagnostic }
}

/// The diagnostic of a Rhai error, without suggestions from the vocabulary.
fn convert(error: &EvalAltResult, source: &str) -> Diagnostic {
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
    let message = match inner {
        EvalAltResult::ErrorRuntime(payload, _) => payload_text(payload),
        _ => messages::message(inner),
    };
    Diagnostic {
        hint: messages::hint(inner),
        cause,
        ..Diagnostic::new(message).at(location)
    }
}

/// The text of a value that the script raised as an error.
fn payload_text(payload: &Dynamic) -> String {
    let value = values::from_rhai(payload, &Weak::new());
    value.map_or("an error without a message".into(), |value| {
        display::print_text(&value)
    })
}

/// The hint for an unknown module name.
fn similar_module(vocabulary: &Vocabulary, name: &str) -> Option<String> {
    let modules = vocabulary.functions.keys().copied();
    suggest(name, modules.filter(|module| !module.is_empty()))
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
    let message = messages::no_matching_function(signature);
    if path.chars().all(|c| !c.is_alphanumeric() && c != '_') {
        return Diagnostic::new(message);
    }
    let diagnostic = Diagnostic::new(message).symbol(path);
    match kinds.as_slice() {
        [_, ..] if vocabulary.methods.contains_key(path) => {
            let functions: Vec<&str> = vocabulary.functions[""].keys().copied().collect();
            match synonyms::lookup(path, &functions) {
                Some(function) => diagnostic.hint(format!("did you mean `{function}`?")),
                None => diagnostic,
            }
        }
        // Engine functions accept any number of arguments and report the expected number
        // themselves.
        _ if path == "print" => {
            Diagnostic::new(format!("`print` takes one value, found {}", kinds.len()))
                .symbol(path)
                .hint("combine several values in one text: print(`a is ${a}, b is ${b}`)")
        }
        _ => unknown_name(vocabulary, path),
    }
}

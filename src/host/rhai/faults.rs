//! Rhai's errors as faults, with the place of the innermost call in the user's script.

use rhai::{Dynamic, EvalAltResult, NativeCallContext, ParseErrorType, Position};

use super::super::call::{Vocabulary, too_nested, unchangeable};
use super::register::EXPRESSION_DEPTH;
use crate::api::fault::{Cause, Fault, Place};
use crate::api::library::SOURCE;
use crate::api::show;

/// Throws a fault from inside a native call; limits and interruptions cannot be caught.
pub fn raise(fault: Fault, context: &NativeCallContext) -> Box<EvalAltResult> {
    let position = context.call_position();
    // Inside a closure that the engine calls there is no source: who calls it knows the script.
    let source = context.call_source();
    let fault = fault.at(source.and_then(|source| place(position, source)));
    thrown(fault, position)
}

/// A fault as Rhai throws it; limits and interruptions cannot be caught.
pub fn thrown(fault: Fault, position: Position) -> Box<EvalAltResult> {
    let token = Dynamic::from(fault.clone());
    Box::new(match fault.cause {
        Cause::Script => EvalAltResult::ErrorRuntime(token, position),
        Cause::Interrupt | Cause::Limit => EvalAltResult::ErrorTerminated(token, position),
    })
}

/// A fault from any error of Rhai, with suggestions for names that nothing has.
pub fn fault(vocabulary: &Vocabulary, error: &EvalAltResult, source: &str) -> Fault {
    let fault = plain(error, source);
    let (inner, _) = innermost(error, source);
    match inner {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => match signature.split_once(" (") {
            Some((name, kinds)) if name.starts_with("anon$") => Fault {
                hint: Some(format!("it is called with ({}", kinds_of(kinds))),
                ..fault
            },
            _ => Fault {
                place: fault.place,
                ..unknown_function(vocabulary, signature)
            },
        },
        EvalAltResult::ErrorIndexingType(signature, _) if signature.contains(" = ") => Fault {
            place: fault.place,
            ..unchangeable()
        },
        EvalAltResult::ErrorVariableNotFound(name, _) => Fault {
            place: fault.place,
            ..vocabulary.no_function("", name)
        },
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let near = crate::api::native::suggestion(
                name,
                vocabulary
                    .functions
                    .keys()
                    .copied()
                    .filter(|module| !module.is_empty()),
            );
            Fault {
                hint: near,
                message: format!("no module is called `{name}`"),
                ..fault
            }
        }
        EvalAltResult::ErrorParsing(
            ParseErrorType::VariableUndefined(name) | ParseErrorType::ModuleUndefined(name),
            _,
        ) => Fault {
            place: fault.place,
            ..vocabulary.no_function("", name)
        },
        _ => fault,
    }
}

/// A fault from any error of Rhai, in Rhai's own words where the vocabulary is not asked.
pub fn plain(error: &EvalAltResult, source: &str) -> Fault {
    let place = nearest_place(error, source);
    let (inner, _) = innermost(error, source);
    let carried = match inner {
        EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) => {
            token.read_lock::<Fault>().map(|fault| fault.clone())
        }
        _ => None,
    };
    if let Some(fault) = carried {
        return fault.at(place);
    }
    if let EvalAltResult::ErrorParsing(ParseErrorType::ExprTooDeep, _) = inner {
        return too_nested(EXPRESSION_DEPTH).at(place);
    }
    if let EvalAltResult::ErrorTooManyOperations(_) = inner {
        return Fault::too_many_operations().at(place);
    }
    let cause = match inner {
        EvalAltResult::ErrorTerminated(..) => Cause::Interrupt,
        EvalAltResult::ErrorDataTooLarge(..) | EvalAltResult::ErrorStackOverflow(_) => Cause::Limit,
        _ => Cause::Script,
    };
    Fault {
        hint: remedy(inner),
        cause,
        ..Fault::new(message(inner)).at(place)
    }
}

/// Whether a function was called that is not there.
pub fn is_missing(error: &EvalAltResult) -> bool {
    matches!(
        innermost(error, "").0,
        EvalAltResult::ErrorFunctionNotFound(..)
    )
}

/// The fault of calling a function that is in the variable `name` as if it had that name.
pub fn held(fault: Fault, name: &str) -> Fault {
    fault.hint(format!(
        "`{name}` is a variable: a function in it is called with {name}.call(..)"
    ))
}

/// The error at the bottom of nested calls, and the script it was met in.
fn innermost<'a>(error: &'a EvalAltResult, source: &'a str) -> (&'a EvalAltResult, &'a str) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, home, inner, _) => {
            let home = if home.is_empty() { source } else { home };
            innermost(inner, home)
        }
        EvalAltResult::ErrorInModule(module, inner, _) => innermost(inner, module),
        other => (other, source),
    }
}

/// The place of the innermost call that stands in the user's own script.
fn nearest_place(error: &EvalAltResult, source: &str) -> Option<Place> {
    let within = match error {
        EvalAltResult::ErrorInFunctionCall(_, home, inner, _) => {
            let home = if home.is_empty() { source } else { home };
            nearest_place(inner, home)
        }
        EvalAltResult::ErrorInModule(module, inner, _) => nearest_place(inner, module),
        _ => None,
    };
    within.or_else(|| place(error.position(), source))
}

/// What to do about an error of Rhai's own.
fn remedy(error: &EvalAltResult) -> Option<String> {
    let words = match error {
        EvalAltResult::ErrorMismatchDataType(expected, found, _)
            if expected == "bool" && spoken(found) == "a tensor" =>
        {
            "`all()` and `any()` make one truth value of a tensor"
        }
        EvalAltResult::ErrorFor(_) => "`to_list()` makes a list of a tensor",
        EvalAltResult::ErrorDataTooLarge(..) => {
            "the script's own texts and lists take too much memory; large data travels as a tensor"
        }
        EvalAltResult::ErrorStackOverflow(_) => "does a function call itself without an end?",
        _ => return None,
    };
    Some(words.into())
}

fn message(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorMismatchDataType(expected, found, _) => {
            format!("expected {}, found {}", spoken(expected), spoken(found))
        }
        EvalAltResult::ErrorDataRace(..) => {
            "a list or map that a closure uses too cannot be given to its own method".into()
        }
        EvalAltResult::ErrorFor(_) => {
            "expected a list, a range or a text to go through, found something else".into()
        }
        EvalAltResult::ErrorIndexingType(words, _) if words.contains(" = ") => {
            unchangeable().message
        }
        EvalAltResult::ErrorStackOverflow(_) => "too many nested calls of functions".into(),
        EvalAltResult::ErrorDataTooLarge(..) => "not enough memory".into(),
        EvalAltResult::ErrorDotExpr(words, _) => match quoted(words).as_slice() {
            [name, kind] => format!("{} has no entry `{name}`", spoken(kind)),
            [name, kind, _] => format!("{} has no entry `{name}` that can be set", spoken(kind)),
            _ => lower(words),
        },
        EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with("anon$") => {
            "a closure takes another number of arguments than it is called with".into()
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => does_not_work(signature),
        EvalAltResult::ErrorRuntime(token, _) => {
            let value = super::values::value(token.clone(), &std::rc::Weak::new());
            value.map_or("a fault without words".into(), |value| {
                show::printed(&value)
            })
        }
        EvalAltResult::ErrorTerminated(..) => "interrupted".into(),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no entry `{name}`"),
        EvalAltResult::ErrorParsing(kind, _) => lower(&kind.to_string()),
        other => {
            let words = other.to_string();
            lower(
                words
                    .rsplit_once(" (line ")
                    .map_or(words.as_str(), |(words, _)| words),
            )
        }
    }
}

/// The parts of `words` between single quotes.
fn quoted(words: &str) -> Vec<&str> {
    words.split('\'').skip(1).step_by(2).collect()
}

/// The words with a small first letter, unless they begin with an abbreviation.
pub fn lower(words: &str) -> String {
    let mut letters = words.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => words.to_string(),
    }
}

/// What is said of a call of `name (kind, kind)` that nothing takes.
fn does_not_work(signature: &str) -> String {
    let (name, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds = kinds.strip_suffix(')').unwrap_or(kinds).split(", ");
    let kinds: Vec<&str> = kinds.filter(|kind| !kind.is_empty()).map(spoken).collect();
    match kinds.is_empty() {
        true => format!("no function `{name}` takes no argument"),
        false => format!("`{name}` does not work on {}", kinds.join(" and ")),
    }
}

/// `rnn::vanila (map)` or `tnh (Tensor)`: which name it is, and of what.
fn unknown_function(vocabulary: &Vocabulary, signature: &str) -> Fault {
    let (path, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    let kinds: Vec<&str> = kinds
        .trim_end_matches(')')
        .split(", ")
        .filter(|k| !k.is_empty())
        .collect();
    if let Some((module, name)) = path.rsplit_once("::") {
        return vocabulary.no_function(module, name);
    }
    let words = does_not_work(signature);
    if path.chars().all(|c| !c.is_alphanumeric() && c != '_') {
        return Fault::new(words);
    }
    let fault = Fault::new(words).culprit(path);
    match kinds.as_slice() {
        [_, ..] if vocabulary.methods.contains_key(path) => {
            match kinds[0] {
                // What `==` gives is easily taken for a tensor.
                "bool" => fault.hint("`==` gives one truth value; element by element: a.eq(b)"),
                _ => fault,
            }
        }
        // Functions of the engine take any number of values, and say themselves what they expect.
        _ if path == "print" => {
            Fault::new(format!("`print` takes one value, found {}", kinds.len()))
                .culprit(path)
                .hint("several go into one text: print(`a is ${a}, b is ${b}`)")
        }
        _ => {
            let mut fault = vocabulary.no_function("", path);
            if fault.hint.is_none() {
                let known = vocabulary.methods.keys().copied();
                fault.hint = crate::api::native::suggestion(path, known);
            }
            fault
        }
    }
}

/// `map, i64)` as `a map, a whole number)`.
fn kinds_of(list: &str) -> String {
    let kinds = list.trim_end_matches(')').split(", ");
    kinds.map(spoken).collect::<Vec<_>>().join(", ") + ")"
}

/// Rhai's name of a type as a user would say it.
fn spoken(kind: &str) -> &str {
    match kind {
        "i64" => "a whole number",
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
        kind if kind.starts_with("alloc::rc::Rc<") => "a value that a closure uses too",
        "blob" => "a blob of bytes",
        "timestamp" => "a time stamp",
        "char" => "a letter",
        kind => kind,
    }
}

/// A place in the script called `source`; none for a position that Rhai does not know, or for
/// one in a bundled module: the user's own call is what to look at.
pub fn place(position: Position, source: &str) -> Option<Place> {
    // A closure that the engine calls does not know its script; whoever catches the fault does.
    if source.is_empty() || source.starts_with(SOURCE) {
        return None;
    }
    let line = position.line()?;
    Some(Place {
        file: source.into(),
        line,
        column: position.position(),
    })
}

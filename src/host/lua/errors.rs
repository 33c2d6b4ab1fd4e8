//! Conversion of Lua errors to diagnostics. Lua reports lines but no columns: the report searches
//! the source line for the name that caused the error.

use std::sync::LazyLock;

use mlua::{Error, Lua};

use super::super::dispatch::Vocabulary;
use super::super::elements::method_without_call;
use crate::api::diagnostic::{Cause, Diagnostic, Location};
use crate::api::native::suggest;
use crate::api::{self, lua_texts};

/// The name of the chunk that overrides functions of the Lua library. It is not a user script.
pub const PRELUDE: &str = "attractor";

/// The Lua error that a native function raises, located at its caller in Lua.
pub fn raise(lua: &Lua, diagnostic: Diagnostic) -> Error {
    Error::external(in_lua_form(diagnostic).at(current_location(lua)))
}

/// The diagnostic with names and options in the form of Lua: `rnn.gru`, `resume = false`.
fn in_lua_form(diagnostic: Diagnostic) -> Diagnostic {
    static MODULES: LazyLock<Vec<&str>> =
        LazyLock::new(|| api::modules().iter().map(|module| module.name).collect());
    let translate = |text: String| lua_texts::translate_message(&text, &MODULES);
    Diagnostic {
        message: translate(diagnostic.message),
        hint: diagnostic.hint.map(translate),
        ..diagnostic
    }
}

/// The location of the innermost running line of a script.
pub fn current_location(lua: &Lua) -> Option<Location> {
    /// Maximum number of stack levels that native functions and the Lua library use above the
    /// script.
    const MAX_LEVELS: usize = 16;
    (0..MAX_LEVELS).find_map(|level| {
        lua.inspect_stack(level, |debug| {
            let file = debug.source().source?.strip_prefix('@')?.to_string();
            Some(Location {
                file,
                line: debug.current_line()?,
                column: None,
            })
        })
        .flatten()
    })
}

/// The diagnostic of a Lua error, with suggestions for unknown names.
pub fn diagnose(vocabulary: &Vocabulary, error: Error) -> Diagnostic {
    let diagnostic = convert(error);
    if diagnostic.hint.is_some() {
        return diagnostic;
    }
    if let Some(iteration) = not_an_iterator(&diagnostic.message) {
        return iteration.at(diagnostic.location);
    }
    if adds_texts(&diagnostic.message) {
        return diagnostic.hint("`..` joins strings: \"a\" .. x");
    }
    if let Some(name) = method_as_value(vocabulary, &diagnostic.message) {
        let without_call = method_without_call(name);
        return Diagnostic {
            location: diagnostic.location,
            ..without_call
        };
    }
    if let Some(name) = indexed_function(&diagnostic.message) {
        let name = name.to_string();
        return Diagnostic {
            message: format!("`{name}` is a function, which has no entries"),
            hint: Some(format!("call it with {name}(..)")),
            symbol: Some(name),
            ..diagnostic
        };
    }
    name_nil(vocabulary, diagnostic)
}

/// The error for a name whose value is nil.
fn name_nil(vocabulary: &Vocabulary, diagnostic: Diagnostic) -> Diagnostic {
    match nil_access(&diagnostic.message) {
        Some(("global", name)) => Diagnostic {
            location: diagnostic.location,
            ..unknown_global(vocabulary, name)
        },
        // `t[3]` and `t[i]`: Lua does not state the index.
        Some(("field", "integer index" | "?")) => Diagnostic {
            message: "the table has no element at this index".into(),
            hint: Some("lists count from 1 to #list; tensors count from 0".into()),
            ..diagnostic
        },
        Some(("field", name)) => Diagnostic {
            message: format!("the map has no entry `{name}`"),
            symbol: Some(name.to_string()),
            ..diagnostic
        },
        Some((_, name)) => Diagnostic {
            symbol: Some(name.to_string()),
            ..diagnostic
        },
        None => diagnostic,
    }
}

/// Whether an error is an addition with a string, as in `"a" + x`.
fn adds_texts(message: &str) -> bool {
    message.starts_with("attempt to add a 'string'") || message.ends_with("with a 'string'")
}

/// The error for a loop whose value after `in` is not a function, from a message such as
/// `attempt to call a number value (for iterator 'for iterator')`.
fn not_an_iterator(message: &str) -> Option<Diagnostic> {
    let kind = message
        .strip_suffix(" value (for iterator 'for iterator')")?
        .strip_prefix("attempt to call a ")?;
    let (found, hint) = match kind {
        "table" => (
            "a table",
            "for i, x in ipairs(list) do .. end, or for name, x in pairs(map) do .. end",
        ),
        "tensor or object" => (
            "a tensor or an object",
            "ipairs visits the elements of a tensor: for i, x in ipairs(t) do .. end",
        ),
        "number" => ("a number", "count with for i = 1, 10 do .. end"),
        "string" => ("a string", "for letter in text:gmatch(\".\") do .. end"),
        "nil" => ("nil", "check that the name after `in` is defined"),
        other => (other, "for i, x in ipairs(list) do .. end"),
    };
    let message = format!("expected an iterator such as ipairs(..) after `in`, found {found}");
    Some(Diagnostic::new(message).hint(hint))
}

/// The error for a global name that is not defined.
pub fn unknown_global(vocabulary: &Vocabulary, name: &str) -> Diagnostic {
    let unknown = vocabulary.unknown_function("", name);
    let hint = unknown.hint.clone();
    Diagnostic {
        hint: hint.or_else(|| method_hint(vocabulary, name)),
        symbol: Some(name.into()),
        ..unknown
    }
}

/// The hint for a global name that is a method, or the name of another program for one.
fn method_hint(vocabulary: &Vocabulary, name: &str) -> Option<String> {
    if vocabulary.methods.contains_key(name) {
        return Some(format!("`{name}` is a method: write value:{name}(..)"));
    }
    suggest(name, vocabulary.methods.keys().copied())
}

/// The method in a message such as `attempt to index a function value (field 'shape')`.
fn method_as_value<'a>(vocabulary: &Vocabulary, message: &'a str) -> Option<&'a str> {
    let (_, rest) = message.split_once("a function value (field '")?;
    let (name, _) = rest.split_once('\'')?;
    vocabulary.methods.contains_key(name).then_some(name)
}

/// The name in a message such as `attempt to index a function value (global 'args')`.
fn indexed_function(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("attempt to index a function value (")?;
    Some(rest.split_once('\'')?.1.split_once('\'')?.0)
}

/// The hint for the method `name` that is called with a dot on this line of the script.
pub fn colon_hint(line: &str, name: &str) -> Option<String> {
    let call = format!(".{name}");
    let is_part = |c: char| c.is_alphanumeric() || "_.[]".contains(c);
    line.match_indices(&call).find_map(|(at, _)| {
        let behind = line[at + call.len()..].trim_start();
        let begin = line[..at]
            .rfind(|c: char| !is_part(c))
            .map_or(0, |at| at + 1);
        let receiver = line.get(begin..at)?;
        let is_call = behind.starts_with(['(', '{', '"']) && !receiver.is_empty();
        is_call.then(|| format!("call a method with a colon: {receiver}:{name}(..)"))
    })
}

/// The scope and the name in a message such as `... a nil value (global 'trian')`.
fn nil_access(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once(" value (")?;
    let (scope, rest) = rest.split_once(" '")?;
    Some((scope, rest.split_once('\'')?.0))
}

/// The prefix and the module name in a message such as `test.lua:1: module 'name' not found: ...`.
fn missing_module(text: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = text.split_once("module '")?;
    let (name, rest) = rest.split_once('\'')?;
    rest.starts_with(" not found:").then_some((prefix, name))
}

/// The diagnostic of a Lua error, without suggestions from the vocabulary.
pub fn convert(error: Error) -> Diagnostic {
    match &error {
        Error::CallbackError { cause, traceback } => {
            return convert((**cause).clone()).at(traceback_location(traceback));
        }
        Error::WithContext { cause, .. } => return convert((**cause).clone()),
        Error::BadArgument { cause, .. } => return convert((**cause).clone()),
        _ => {}
    }
    if let Some(diagnostic) = error.downcast_ref::<Diagnostic>() {
        return diagnostic.clone();
    }
    match error {
        // Lua reports a thrown table only by its address.
        Error::RuntimeError(text) if is_address(&text) => {
            Diagnostic::new("the script raised a table as an error")
                .hint("raise a string, as in error(\"too large\")")
        }
        Error::RuntimeError(text) => parse_message(&text, Cause::Script),
        Error::SyntaxError { message, .. } => parse_message(&message, Cause::Script),
        Error::MemoryError(text) => out_of_memory().at(traceback_location(&text)),
        other => parse_message(&other.to_string(), Cause::Script),
    }
}

/// The error of a script whose tables and strings exceed the remaining memory.
pub fn out_of_memory() -> Diagnostic {
    let hint = "the tables of the script use too much memory; store large data in tensors";
    Diagnostic {
        cause: Cause::Limit,
        ..Diagnostic::new("not enough memory").hint(hint)
    }
}

/// Whether an error message is only the address of the raised value.
fn is_address(text: &str) -> bool {
    let kind = text.split_once(": 0x").map(|(kind, _)| kind);
    matches!(kind, Some("table" | "function" | "thread" | "userdata"))
}

/// The location of the innermost script line in a stack trace.
fn traceback_location(traceback: &str) -> Option<Location> {
    traceback.lines().find_map(|line| {
        let (file, rest) = line.trim().split_once(".lua:")?;
        let (line, _) = rest.split_once(':')?;
        Some(Location {
            file: format!("{file}.lua"),
            line: line.parse().ok()?,
            column: None,
        })
    })
}

/// The diagnostic of a message `file.lua:3: text`. A stack trace may follow. For an imported
/// script, the searched paths may precede it.
fn parse_message(text: &str, cause: Cause) -> Diagnostic {
    let first = text
        .split("\nstack traceback:")
        .next()
        .unwrap_or(text)
        .trim();
    if let Some((prefix, name)) = missing_module(first) {
        let location = prefix.trim_end_matches([':', ' ']).rsplit_once(':');
        let line = location.and_then(|(file, line)| Some((file, line.parse().ok()?)));
        return Diagnostic::new(format!("no module has the name `{name}`"))
            .symbol(name)
            .at(line.map(|(file, line)| Location {
                file: file.into(),
                line,
                column: None,
            }));
    }
    let first = match first.split_once(":\n\t") {
        Some((head, inner)) if head.contains("error loading module") => inner,
        _ => first,
    };
    let located = first.match_indices(':').find_map(|(at, _)| {
        let rest = &first[at + 1..];
        let (line, message) = rest.split_once(':')?;
        Some((&first[..at], line.parse::<usize>().ok()?, message.trim()))
    });
    let diagnostic = match located {
        Some((PRELUDE, _, message)) => Diagnostic::new(message).at(traceback_location(text)),
        Some((file, line, message)) => Diagnostic::new(message).at(Some(Location {
            file: file.into(),
            line,
            column: None,
        })),
        None => Diagnostic::new(first),
    };
    Diagnostic {
        cause,
        ..diagnostic
    }
}

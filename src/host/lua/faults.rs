//! Lua's errors as faults. Lua knows lines but no columns: the name at fault is looked up in the
//! source line when the fault is shown.

use mlua::{Error, Lua};

use super::super::call::Vocabulary;
use crate::api::fault::{Cause, Fault, Place};

/// The name of the chunk that replaces functions of Lua's library: no place of the user's.
pub const PRELUDE: &str = "attractor";

/// Throws a fault from inside a native call, with the place of the Lua code that called.
pub fn raise(lua: &Lua, fault: Fault) -> Error {
    Error::external(fault.at(caller(lua)))
}

/// The innermost line of a script that is running.
pub fn caller(lua: &Lua) -> Option<Place> {
    /// Native functions and Lua's own library lie between the fault and the script's line.
    const LEVELS: usize = 16;
    (0..LEVELS).find_map(|level| {
        lua.inspect_stack(level, |debug| {
            let file = debug.source().source?.strip_prefix('@')?.to_string();
            Some(Place {
                file,
                line: debug.current_line()?,
                column: None,
            })
        })
        .flatten()
    })
}

/// A fault from any error of Lua, with suggestions for names that nothing has.
pub fn fault(vocabulary: &Vocabulary, error: Error) -> Fault {
    let fault = plain(error);
    if fault.hint.is_some() {
        return fault;
    }
    match missing(&fault.message) {
        Some(("global", name)) => {
            let name = name.to_string();
            let known = vocabulary.no_function("", &name);
            Fault {
                message: known.message,
                hint: known.hint,
                culprit: Some(name),
                ..fault
            }
        }
        Some(("field", name)) => Fault {
            message: format!("there is no entry `{name}`"),
            culprit: Some(name.to_string()),
            ..fault
        },
        Some((_, name)) => Fault {
            culprit: Some(name.to_string()),
            ..fault
        },
        None => fault,
    }
}

/// `... a nil value (global 'trian')`: the sort of name and the name.
fn missing(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once(" value (")?;
    let (sort, rest) = rest.split_once(" '")?;
    Some((sort, rest.split_once('\'')?.0))
}

/// `test.lua:1: module 'name' not found: ...`: what stands before, and the name.
fn absent(words: &str) -> Option<(&str, &str)> {
    let (before, rest) = words.split_once("module '")?;
    let (name, rest) = rest.split_once('\'')?;
    rest.starts_with(" not found:").then_some((before, name))
}

/// A fault from any error of Lua, in Lua's own words where no native function was involved.
pub fn plain(error: Error) -> Fault {
    match &error {
        Error::CallbackError { cause, traceback } => {
            return plain((**cause).clone()).at(traced(traceback));
        }
        Error::WithContext { cause, .. } => return plain((**cause).clone()),
        Error::BadArgument { cause, .. } => return plain((**cause).clone()),
        _ => {}
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.clone();
    }
    match error {
        // Its address is all that is left of a table that was thrown.
        Error::RuntimeError(words) if is_address(&words) => {
            Fault::new("the script threw a table").hint("throw a text, as in error(\"too large\")")
        }
        Error::RuntimeError(words) => worded(&words, Cause::Script),
        Error::SyntaxError { message, .. } => worded(&message, Cause::Script),
        Error::MemoryError(words) => out_of_memory().at(traced(&words)),
        other => worded(&other.to_string(), Cause::Script),
    }
}

/// The fault of a script whose tables and texts take more memory than the run has left.
pub fn out_of_memory() -> Fault {
    let hint = "the script's own tables take too much memory; large data travels as a tensor";
    Fault {
        cause: Cause::Limit,
        ..Fault::new("not enough memory").hint(hint)
    }
}

/// Whether an error has no words but the address of what was thrown.
fn is_address(words: &str) -> bool {
    let kind = words.split_once(": 0x").map(|(kind, _)| kind);
    matches!(kind, Some("table" | "function" | "thread" | "userdata"))
}

/// The innermost line of a script in a stack trace.
fn traced(traceback: &str) -> Option<Place> {
    traceback.lines().find_map(|line| {
        let (file, rest) = line.trim().split_once(".lua:")?;
        let (line, _) = rest.split_once(':')?;
        Some(Place {
            file: format!("{file}.lua"),
            line: line.parse().ok()?,
            column: None,
        })
    })
}

/// `file.lua:3: words`, perhaps with a stack trace below, and for a script that another one uses
/// with where it was looked for above.
fn worded(words: &str, cause: Cause) -> Fault {
    let first = words
        .split("\nstack traceback:")
        .next()
        .unwrap_or(words)
        .trim();
    if let Some((before, name)) = absent(first) {
        let place = before.trim_end_matches([':', ' ']).rsplit_once(':');
        let line = place.and_then(|(file, line)| Some((file, line.parse().ok()?)));
        return Fault::new(format!("no module is called `{name}`"))
            .culprit(name)
            .at(line.map(|(file, line)| Place {
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
    let fault = match located {
        Some((PRELUDE, _, message)) => Fault::new(message).at(traced(words)),
        Some((file, line, message)) => Fault::new(message).at(Some(Place {
            file: file.into(),
            line,
            column: None,
        })),
        None => Fault::new(first),
    };
    Fault { cause, ..fault }
}

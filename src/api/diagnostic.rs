//! The diagnostic shown to users: an error message with a source location and a hint.

use std::any::Any;

use crate::base::Error;

/// A source location in a script. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path as the user wrote it, or a name for text that has no path.
    pub file: String,
    /// Line number, from 1.
    pub line: usize,
    /// Column in the line, from 1, if the language reports it.
    pub column: Option<usize>,
}

/// The cause of the error. It determines the exit code and the message of the REPL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// An error in the script or its data.
    #[default]
    Script,
    /// The user pressed Ctrl-C.
    Interrupt,
    /// A limit on operations or memory was exceeded; scripts cannot catch it.
    Limit,
}

/// One error, ready to be displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// The expected and the actual value.
    pub message: String,
    /// A remedy.
    pub hint: Option<String>,
    /// The source location; `None` until a host adds it.
    pub location: Option<Location>,
    /// The name in the source line to mark, used if the location has no column.
    pub symbol: Option<String>,
    /// The cause of the error.
    pub cause: Cause,
}

impl Diagnostic {
    /// A script error that has only a message.
    pub fn new(message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            message: message.into(),
            hint: None,
            location: None,
            symbol: None,
            cause: Cause::Script,
        }
    }

    /// Sets the remedy and replaces an earlier one.
    pub fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the name to mark, unless an inner call already set it.
    pub fn symbol(mut self, name: &str) -> Diagnostic {
        self.symbol.get_or_insert_with(|| name.into());
        self
    }

    /// Sets the location, unless an inner call already set it.
    pub fn at(mut self, location: Option<Location>) -> Diagnostic {
        self.location = self.location.or(location);
        self
    }

    /// An internal error: a panic in the engine. `call` is the path of the native function that
    /// panicked, if it is known.
    pub fn internal(call: Option<&str>, panic: &(dyn Any + Send)) -> Diagnostic {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let call = call.map_or(String::new(), |path| format!("{path}: "));
        Diagnostic::new(format!("{call}internal error in attractor: {message}"))
            .hint("the script did not cause this error; please report it together with the script")
    }

    /// The error of a script that exceeds `--max-operations`.
    pub fn too_many_operations() -> Diagnostic {
        let diagnostic = Diagnostic::new("the script exceeded the limit on operations")
            .hint("raise the limit with --max-operations; 0 means no limit");
        Diagnostic {
            cause: Cause::Limit,
            ..diagnostic
        }
    }

    /// The error of a run that the user interrupted with Ctrl-C.
    pub fn interrupted() -> Diagnostic {
        Diagnostic {
            cause: Cause::Interrupt,
            ..Diagnostic::new("interrupted")
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Diagnostic {
        match error {
            Error::Caller(inner) => match inner.downcast::<Diagnostic>() {
                Ok(diagnostic) => *diagnostic,
                Err(other) => Diagnostic::new(other.to_string()),
            },
            Error::Interrupted => Diagnostic::interrupted(),
            error => Diagnostic {
                hint: error.hint(),
                cause: match error {
                    Error::Memory { .. } | Error::MemoryInUse { .. } => Cause::Limit,
                    _ => Cause::Script,
                },
                ..Diagnostic::new(error.to_string())
            },
        }
    }
}

impl From<candle_core::Error> for Diagnostic {
    fn from(error: candle_core::Error) -> Diagnostic {
        Error::from(error).into()
    }
}

impl From<Diagnostic> for Error {
    /// Carries the diagnostic of a script closure through the engine unchanged.
    fn from(diagnostic: Diagnostic) -> Error {
        Error::Caller(Box::new(diagnostic))
    }
}

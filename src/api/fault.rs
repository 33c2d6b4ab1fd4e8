//! What a script's author is told when something is wrong: a message, a place, a hint.

use std::any::Any;

use crate::base::Error;

/// Where in a script a fault was met. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path as it was given, or a name for what has none.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Where in the line, if the language says so or the culprit's name was found in it.
    pub column: Option<usize>,
}

/// What sort of end this is: it decides the exit code and what the REPL says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Something in the script or its data is wrong.
    #[default]
    Script,
    /// The user pressed Ctrl-C.
    Interrupt,
    /// A limit on work or memory was met; scripts cannot catch it.
    Limit,
}

/// One fault, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What was expected and what was found.
    pub message: String,
    /// A remedy.
    pub hint: Option<String>,
    /// None until a host knows it.
    pub place: Option<Place>,
    /// The name in the source line to point at, if the place has no column yet.
    pub culprit: Option<String>,
    /// What sort of end this is.
    pub cause: Cause,
}

impl Fault {
    /// A fault of the script, with nothing but words yet.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault {
            message: message.into(),
            hint: None,
            place: None,
            culprit: None,
            cause: Cause::Script,
        }
    }

    /// Adds a remedy, in place of any that was there.
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// Names what to point at, unless a deeper call already did.
    pub fn culprit(mut self, name: &str) -> Fault {
        self.culprit.get_or_insert_with(|| name.into());
        self
    }

    /// Sets the place, unless a deeper call already did.
    pub fn at(mut self, place: Option<Place>) -> Fault {
        self.place = self.place.or(place);
        self
    }

    /// A panic of our own; `call` says in which function of the vocabulary, if that is known.
    pub fn broken(call: Option<&str>, panic: &(dyn Any + Send)) -> Fault {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let call = call.map_or(String::new(), |path| format!("{path}: "));
        Fault::new(format!("{call}a fault inside attractor: {words}"))
            .hint("this is not your script's fault; please report it with the script")
    }

    /// The end of a script that took more steps than `--max-operations` allows.
    pub fn too_many_operations() -> Fault {
        let fault = Fault::new("the script took too many operations")
            .hint("raise the limit with --max-operations, or 0 for none");
        Fault {
            cause: Cause::Limit,
            ..fault
        }
    }

    /// The end of a run that the user interrupted.
    pub fn interrupted() -> Fault {
        Fault {
            cause: Cause::Interrupt,
            ..Fault::new("interrupted")
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Caller(inner) => match inner.downcast::<Fault>() {
                Ok(fault) => *fault,
                Err(other) => Fault::new(other.to_string()),
            },
            error => Fault {
                hint: error.hint(),
                cause: match error {
                    Error::Memory { .. } | Error::MemoryInUse { .. } => Cause::Limit,
                    _ => Cause::Script,
                },
                ..Fault::new(error.to_string())
            },
        }
    }
}

impl From<candle_core::Error> for Fault {
    fn from(error: candle_core::Error) -> Fault {
        Error::from(error).into()
    }
}

impl From<Fault> for Error {
    /// Carries the fault of a script's closure through the engine, unchanged.
    fn from(fault: Fault) -> Error {
        Error::Caller(Box::new(fault))
    }
}

//! The line editor: several lines, history, completion, colours and hints.

use std::borrow::Cow;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::complete::Completion;
use super::hint::Aside;
use super::session::SharedHost;
use super::{highlight, history};
use crate::api;
use crate::api::context::Language;
use crate::api::fault::Fault;
use crate::api::native::Native;
use crate::api::value::Value;

/// What reading gave.
pub enum Read {
    Input(String),
    /// Ctrl-C at the prompt.
    Cleared,
    End,
}

/// Reads inputs from a terminal.
pub struct Prompt {
    editor: Editor<Mind, DefaultHistory>,
    history: Option<PathBuf>,
}

/// An editor for a session.
///
/// Errors: a terminal that cannot be set up.
pub fn open(host: SharedHost, language: Language) -> Result<Prompt, Fault> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(true)
        .build();
    let unset = |error: ReadlineError| Fault::new(format!("the terminal cannot be used: {error}"));
    let mut editor = Editor::with_config(config).map_err(unset)?;
    editor.set_helper(Some(Mind {
        host,
        language,
        natives: api::natives(),
    }));
    // A session without a past is better than none: all faults of the history are passed over.
    let history = history::file(language);
    if let Some(path) = &history {
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = editor.load_history(path);
    }
    Ok(Prompt { editor, history })
}

impl Prompt {
    /// The next input.
    pub fn read(&mut self) -> Read {
        let read = self.editor.readline("> ");
        match read {
            Ok(input) => {
                if let Some(path) = &self.history {
                    let _ = self.editor.append_history(path);
                }
                Read::Input(input)
            }
            Err(ReadlineError::Interrupted) => Read::Cleared,
            Err(_) => Read::End,
        }
    }
}

/// What the editor asks while one types.
struct Mind {
    host: SharedHost,
    language: Language,
    natives: Vec<Native>,
}

impl Mind {
    fn ask<T>(&self, question: impl FnOnce(&Completion) -> T) -> T {
        let variables = || -> Vec<(String, Value)> { self.host.borrow().variables() };
        question(&Completion {
            natives: &self.natives,
            language: self.language,
            variables: &variables,
        })
    }
}

impl Helper for Mind {}

impl Completer for Mind {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, candidates) = self.ask(|known| known.candidates(&line[..pos]));
        let pairs = candidates.into_iter().map(|candidate| Pair {
            display: candidate.shown,
            replacement: candidate.typed,
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Mind {
    type Hint = Aside;

    fn hint(&self, line: &str, pos: usize, _: &Context) -> Option<Aside> {
        if pos < line.len() {
            return None;
        }
        let hint = self.ask(|known| known.hint(line))?;
        Some(Aside(format!("   {hint}")))
    }
}

impl Highlighter for Mind {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned(highlight::coloured(line, self.language))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

impl Validator for Mind {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(if self.host.borrow().unfinished(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

//! The line editor: several lines, history, completion, colours and hints.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Instant;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::complete::Completion;
use super::hint::Aside;
use super::pace::Pace;
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
    /// Bytes that are no text; what was typed before them comes back at the next prompt.
    NotText,
    End,
    /// The terminal fails.
    Failed(Fault),
}

/// Reads inputs from a terminal.
pub struct Prompt {
    editor: Editor<Mind, DefaultHistory>,
    history: Option<PathBuf>,
    /// What stands behind the next prompt at first.
    initial: String,
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
        line: RefCell::default(),
        pace: Pace::default(),
    }));
    // A session without a past is better than none: all faults of the history are passed over.
    let history = history::file(language);
    if let Some(path) = &history {
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = editor.load_history(path);
    }
    Ok(Prompt {
        editor,
        history,
        initial: String::new(),
    })
}

impl Prompt {
    /// The next input.
    pub fn read(&mut self) -> Read {
        let initial = std::mem::take(&mut self.initial);
        let read = self.editor.readline_with_initial("> ", (&initial, ""));
        match read {
            Ok(input) => {
                if let Some(path) = &self.history {
                    let _ = self.editor.append_history(path);
                }
                Read::Input(input)
            }
            Err(ReadlineError::Interrupted) => Read::Cleared,
            Err(ReadlineError::Eof) => Read::End,
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                let typed = self.editor.helper().map(|mind| mind.line.take());
                self.initial = typed.unwrap_or_default();
                Read::NotText
            }
            Err(error) => Read::Failed(Fault::new(format!("the terminal cannot be read: {error}"))),
        }
    }
}

/// What the editor asks while one types.
struct Mind {
    host: SharedHost,
    language: Language,
    natives: Vec<Native>,
    /// What was typed so far.
    line: RefCell<String>,
    pace: Pace,
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
        line.clone_into(&mut self.line.borrow_mut());
        let burst = self.pace.key(line.len(), Instant::now());
        if pos < line.len() || burst {
            return None;
        }
        let hint = self.ask(|known| known.hint(line))?;
        Some(Aside(format!("   {hint}")))
    }
}

impl Highlighter for Mind {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let coloured = highlight::coloured(line, self.language);
        self.pace.painted(&coloured);
        self.pace.rest(Instant::now());
        Cow::Owned(coloured)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        let changes = match kind {
            CmdKind::MoveCursor => false,
            CmdKind::ForcedRefresh => true,
            CmdKind::Other => {
                let coloured = |line: &str| highlight::coloured(line, self.language);
                self.pace.changes(line, coloured) || pos < line.len()
            }
        };
        self.pace.rest(Instant::now());
        changes
    }
}

impl Validator for Mind {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(if self.host.borrow().unfinished(context.input()) {
            ValidationResult::Incomplete
        } else {
            // A message, even without letters, makes the editor paint the line once more.
            ValidationResult::Valid(self.pace.is_plain().then(String::new))
        })
    }
}

//! The line editor: multi-line inputs, history, completion, syntax highlighting and hints.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::complete::Completion;
use super::repaint::RepaintPolicy;
use super::signature_hint::DimHint;
use super::{highlight, history};
use crate::api;
use crate::api::context::Language;
use crate::api::diagnostic::Diagnostic;
use crate::api::native::Native;
use crate::api::value::Value;
use crate::host::Host;

/// The script host of the session, which the editor queries for variables and for incomplete
/// inputs.
pub type SharedHost = Rc<RefCell<Box<dyn Host>>>;

/// The result of reading an input.
pub enum Read {
    Input(String),
    /// Ctrl-C at the prompt.
    Cancelled,
    /// Bytes that are not UTF-8; the text typed before them is restored at the next prompt.
    InvalidUtf8,
    Eof,
    /// The terminal cannot be read.
    Failed(Diagnostic),
}

/// Reads inputs from a terminal.
pub struct Prompt {
    editor: Editor<EditorHelper, DefaultHistory>,
    history: Option<PathBuf>,
    /// Initial text of the next prompt.
    initial: String,
}

/// The editor of a session.
///
/// Errors: the terminal cannot be set up
pub fn open(host: SharedHost, language: Language) -> Result<Prompt, Diagnostic> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(true)
        .build();
    let setup_error =
        |error: ReadlineError| Diagnostic::new(format!("the terminal cannot be used: {error}"));
    let mut editor = Editor::with_config(config).map_err(setup_error)?;
    editor.set_helper(Some(EditorHelper {
        host,
        language,
        natives: api::natives(),
        line: RefCell::default(),
        repaint: RepaintPolicy::default(),
    }));
    // The session works without a history, so errors of the history are ignored.
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
            Err(ReadlineError::Interrupted) => Read::Cancelled,
            Err(ReadlineError::Eof) => Read::Eof,
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                let typed = self.editor.helper().map(|helper| helper.line.take());
                self.initial = typed.unwrap_or_default();
                Read::InvalidUtf8
            }
            Err(error) => Read::Failed(Diagnostic::new(format!(
                "the terminal cannot be read: {error}"
            ))),
        }
    }
}

/// Completion, hints, highlighting and validation for the line editor.
struct EditorHelper {
    host: SharedHost,
    language: Language,
    natives: Vec<Native>,
    /// The text typed so far.
    line: RefCell<String>,
    repaint: RepaintPolicy,
}

impl EditorHelper {
    fn with_completion<T>(&self, query: impl FnOnce(&Completion) -> T) -> T {
        let variables = || -> Vec<(String, Value)> { self.host.borrow().variables() };
        query(&Completion {
            natives: &self.natives,
            language: self.language,
            variables: &variables,
        })
    }
}

impl Helper for EditorHelper {}

impl Completer for EditorHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, candidates) =
            self.with_completion(|completion| completion.candidates(&line[..pos]));
        let pairs = candidates.into_iter().map(|candidate| Pair {
            display: candidate.label,
            replacement: candidate.replacement,
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for EditorHelper {
    type Hint = DimHint;

    fn hint(&self, line: &str, pos: usize, _: &Context) -> Option<DimHint> {
        line.clone_into(&mut self.line.borrow_mut());
        let burst = self.repaint.record_key(line.len(), Instant::now());
        if pos < line.len() || burst {
            return None;
        }
        let hint = self.with_completion(|completion| completion.hint(line))?;
        Some(DimHint(format!("   {hint}")))
    }
}

impl Highlighter for EditorHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let coloured = highlight::highlight(line, self.language);
        self.repaint.record_line(&coloured);
        self.repaint.record_ready(Instant::now());
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
                let coloured = |line: &str| highlight::highlight(line, self.language);
                self.repaint.needs_repaint(line, coloured) || pos < line.len()
            }
        };
        self.repaint.record_ready(Instant::now());
        changes
    }
}

impl Validator for EditorHelper {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(if self.host.borrow().is_incomplete(context.input()) {
            ValidationResult::Incomplete
        } else {
            // Even an empty message makes the editor repaint the line.
            ValidationResult::Valid(self.repaint.lacks_colours().then(String::new))
        })
    }
}

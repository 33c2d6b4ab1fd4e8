//! An interactive session: the script host and the read-evaluate-print loop.

use std::cell::{Cell, OnceCell, RefCell};
use std::io::{BufRead, IsTerminal, stdin, stdout};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::args::{self, SessionArgs};
use super::super::ctrl_c::{self, ExitPolicy};
use super::super::error_output::{print_error, print_error_line};
use super::super::exit::ExitStatus;
use super::super::run::{context, prepare};
use super::super::script_thread;
use super::super::terminal::{self, TerminalState};
use super::editor::{self, Read, SharedHost};
use super::terminal_graphics::Graphics;
use crate::api::context::{Language, Script};
use crate::api::diagnostic::{Cause, Diagnostic};
use crate::api::value::Value;
use crate::api::{self, display, help, plot};
use crate::figure::Figure;
use crate::host;

/// Maximum output of one value, in lines and characters.
const MAX_LINES: usize = 40;
const MAX_CHARS: usize = 1_200;

/// Runs a session on standard input until it ends.
///
/// Errors: the command line is invalid; errors of inputs are reported here
pub fn start(options: SessionArgs) -> Result<ExitStatus, Diagnostic> {
    prepare(&options.execution)?;
    // A session has no script; its folder is the current folder.
    let settings = options.execution.settings(Vec::new(), &[PathBuf::new()])?;
    let image_folder = settings.sandbox.is_some().then(|| settings.out.clone());
    let language = args::language(options.lua);
    let state = Arc::new(TerminalState::default());
    state
        .windows
        .disabled
        .store(options.execution.no_window, Ordering::Relaxed);
    ctrl_c::listen(state.clone(), ExitPolicy::Session)?;
    let shared = state.clone();
    let status = script_thread::run(&shared.windows, move || {
        let context = context(settings, language, &Script::default(), &state);
        let host = host::new_session(context).map(|host| Rc::new(RefCell::new(host)));
        let session = host.map(|host| Session {
            host,
            state,
            language,
            figures: Cell::new(0),
            graphics: OnceCell::new(),
            image_folder,
        });
        match session {
            Ok(session) if stdin().is_terminal() => session.run_interactive(),
            Ok(session) => session.run_piped(),
            Err(error) => ExitStatus::from_error(&error, &Script::default()),
        }
    });
    Ok(status.unwrap_or_else(|error| ExitStatus::from_error(&error, &Script::default())))
}

struct Session {
    host: SharedHost,
    state: Arc<TerminalState>,
    language: Language,
    /// Number of figures shown so far.
    figures: Cell<usize>,
    /// The image protocol of the terminal, detected at the first figure.
    graphics: OnceCell<Graphics>,
    /// Folder for figures that the terminal cannot show; the folder for temporary files if `None`.
    image_folder: Option<PathBuf>,
}

impl Session {
    /// Runs the session on a terminal.
    fn run_interactive(&self) -> ExitStatus {
        let mut editor = match editor::open(self.host.clone(), self.language) {
            Ok(editor) => editor,
            Err(error) => return ExitStatus::from_error(&error, &Script::default()),
        };
        terminal::print_line(&welcome(self.language));
        loop {
            match editor.read() {
                Read::Input(input) if is_quit(&input) => return ExitStatus::Success,
                Read::Input(input) => {
                    self.run_input(&input);
                    if let Some(status) = self.state.signal_status() {
                        return status;
                    }
                }
                Read::Cancelled => {}
                Read::InvalidUtf8 => print_error(&invalid_utf8(None), &Script::default()),
                Read::Failed(error) => return ExitStatus::from_error(&error, &Script::default()),
                Read::Eof => return ExitStatus::Success,
            }
        }
    }

    /// Runs the session on a file or a pipe, without a prompt.
    fn run_piped(&self) -> ExitStatus {
        let mut input = String::new();
        let mut status = ExitStatus::Success;
        for (number, line) in stdin().lock().split(b'\n').enumerate() {
            let bytes = match line {
                Ok(bytes) => bytes,
                Err(error) => {
                    let message = format!("standard input cannot be read: {error}");
                    return ExitStatus::usage(Diagnostic::new(message));
                }
            };
            let Ok(line) = std::str::from_utf8(&bytes) else {
                print_error(&invalid_utf8(Some(number + 1)), &Script::default());
                status = first_failure(status, ExitStatus::Failure);
                continue;
            };
            input.push_str(line.strip_suffix('\r').unwrap_or(line));
            input.push('\n');
            if self.host.borrow().is_incomplete(&input) {
                continue;
            }
            let complete = std::mem::take(&mut input);
            if is_quit(&complete) {
                return status;
            }
            status = first_failure(status, self.run_input(&complete));
            if let Some(status) = self.state.signal_status() {
                return status;
            }
            if self.state.output_closed.load(Ordering::Relaxed) {
                return ExitStatus::BrokenPipe;
            }
        }
        status = first_failure(status, self.run_input(&input));
        self.state.signal_status().unwrap_or(status)
    }

    /// Evaluates one input and prints its value or its error.
    fn run_input(&self, input: &str) -> ExitStatus {
        let input = input.trim_end();
        if input.trim().is_empty() {
            return ExitStatus::Success;
        }
        self.state.stop.store(false, Ordering::Relaxed);
        self.state.interrupted.store(false, Ordering::SeqCst);
        self.state.busy.store(true, Ordering::SeqCst);
        let status = self.evaluate(input);
        self.state.busy.store(false, Ordering::SeqCst);
        match self.state.interrupted.load(Ordering::SeqCst) {
            true => first_failure(status, ExitStatus::Interrupted),
            false => status,
        }
    }

    fn evaluate(&self, input: &str) -> ExitStatus {
        let outcome = match help_topic(input) {
            Some(name) => help::lookup(&api::modules(), name, self.language).map(Output::Text),
            None => self.host.borrow_mut().eval(input).map(Output::Value),
        };
        match outcome {
            Ok(Output::Text(text)) => terminal::print_line(text.trim_end()),
            Ok(Output::Value(Value::Nil)) => ExitStatus::Success,
            Ok(Output::Value(value)) => {
                let status = terminal::print_line(&truncate(&display::value_text(&value)));
                match plot::as_figure(&value) {
                    Some(figure) if stdin().is_terminal() && stdout().is_terminal() => {
                        self.show_figure(&figure)
                    }
                    _ => status,
                }
            }
            Err(error) if error.cause == Cause::Interrupt => {
                print_error_line(&error.message);
                ExitStatus::Interrupted
            }
            Err(error) => {
                let script = Script {
                    path: host::REPL_FILE.into(),
                    text: input.into(),
                };
                print_error(&error, &script);
                ExitStatus::Failure
            }
        }
    }

    /// Shows a figure in the terminal, or prints the path of its file.
    fn show_figure(&self, figure: &Figure) -> ExitStatus {
        self.figures.set(self.figures.get() + 1);
        let graphics = self.graphics.get_or_init(Graphics::detect_terminal);
        match graphics.encode(figure, self.figures.get(), self.image_folder.as_deref()) {
            Ok(text) => terminal::print_line(&text),
            Err(error) => {
                print_error(&error.into(), &Script::default());
                ExitStatus::Failure
            }
        }
    }
}

enum Output {
    Text(String),
    Value(Value),
}

/// The first exit status that is not a success.
fn first_failure(a: ExitStatus, b: ExitStatus) -> ExitStatus {
    if a == ExitStatus::Success { b } else { a }
}

/// The name in `help NAME`; empty for `help` alone.
fn help_topic(input: &str) -> Option<&str> {
    let rest = input.trim().strip_prefix("help")?;
    let name = rest.trim();
    let is_name = name
        .chars()
        .all(|c| c.is_alphanumeric() || "_:.".contains(c));
    (is_name && (name.is_empty() || rest.starts_with(char::is_whitespace))).then_some(name)
}

/// The error for bytes that are not UTF-8, on a line of standard input or typed.
fn invalid_utf8(line: Option<usize>) -> Diagnostic {
    match line {
        Some(line) => Diagnostic::new(format!(
            "line {line} of standard input: expected text in UTF-8, found other bytes"
        ))
        .hint("the session continues without this line"),
        None => Diagnostic::new("expected text in UTF-8, found other bytes")
            .hint("set the terminal to UTF-8; the session continues with the text before them"),
    }
}

fn is_quit(input: &str) -> bool {
    let commands = [":quit", ":q", ":exit", "quit", "exit", "quit()", "exit()"];
    commands.contains(&input.trim().trim_end_matches(';'))
}

/// The beginning of a long text, and the number of omitted characters.
fn truncate(text: &str) -> String {
    let after_lines = text
        .match_indices('\n')
        .nth(MAX_LINES - 1)
        .map(|(at, _)| at);
    let after_letters = text.char_indices().nth(MAX_CHARS).map(|(at, _)| at);
    match [after_lines, after_letters].into_iter().flatten().min() {
        Some(cut) => {
            let more = text[cut..].trim_start().chars().count();
            format!(
                "{} ...\n({more} more characters; print shows all)",
                &text[..cut]
            )
        }
        None => text.into(),
    }
}

fn welcome(language: Language) -> String {
    let dialect = match language {
        Language::Rhai => "Rhai (Lua: attractor --lua)",
        Language::Lua => "Lua; variables without `local` remain",
    };
    format!(
        "attractor {} speaks {dialect}\nhelp NAME for the reference, Tab completes, Ctrl-C stops, \
         Ctrl-D leaves",
        env!("CARGO_PKG_VERSION")
    )
}

//! One session: the host, and the loop around it.

use std::cell::{Cell, OnceCell, RefCell};
use std::io::{BufRead, IsTerminal, stdin, stdout};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::args::{self, Session};
use super::super::end::{self, End};
use super::super::run::{context, prepare};
use super::super::screen::{self, Screen};
use super::super::stop::{self, Hurry};
use super::super::thread;
use super::editor::{self, Read};
use super::inline::Drawing;
use crate::api::context::{Language, Script};
use crate::api::fault::{Cause, Fault};
use crate::api::value::Value;
use crate::api::{help, show};
use crate::figure::Figure;
use crate::host::{self, Host};

/// What is shown of a long value.
const LINES: usize = 40;
const LETTERS: usize = 1_200;

/// The host, shared with the editor, which asks it for variables and unfinished inputs.
pub type SharedHost = Rc<RefCell<Box<dyn Host>>>;

/// Runs a session on standard input until it ends.
///
/// Errors: what is wrong with the command line; faults of inputs are shown here.
pub fn start(wanted: Session) -> Result<End, Fault> {
    prepare(&wanted.work)?;
    // A session has no script, and stands in the current folder.
    let settings = wanted.work.settings(Vec::new(), &[PathBuf::new()])?;
    let pictures = settings.sandbox.is_some().then(|| settings.out.clone());
    let language = args::language(wanted.lua);
    let screen = Arc::new(Screen::default());
    screen
        .desk
        .shut
        .store(wanted.work.no_window, Ordering::Relaxed);
    stop::listen(screen.clone(), Hurry::Session)?;
    let shared = screen.clone();
    let end = thread::run(&shared.desk, move || {
        let context = context(settings, language, &Script::default(), &screen);
        let host = host::open(context).map(|host| Rc::new(RefCell::new(host)));
        let session = host.map(|host| Running {
            host,
            screen,
            language,
            figures: Cell::new(0),
            drawing: OnceCell::new(),
            pictures,
        });
        match session {
            Ok(session) if stdin().is_terminal() => session.talk(),
            Ok(session) => session.read(),
            Err(fault) => End::fault(&fault, &Script::default()),
        }
    });
    Ok(end.unwrap_or_else(|fault| End::fault(&fault, &Script::default())))
}

struct Running {
    host: SharedHost,
    screen: Arc<Screen>,
    language: Language,
    /// How many figures the session has shown.
    figures: Cell<usize>,
    /// What the terminal makes of them, once it has been asked.
    drawing: OnceCell<Drawing>,
    /// Where figures are written that the terminal does not draw; in the folder for temporary
    /// files if this is none.
    pictures: Option<PathBuf>,
}

impl Running {
    /// Reads from a terminal.
    fn talk(&self) -> End {
        let mut editor = match editor::open(self.host.clone(), self.language) {
            Ok(editor) => editor,
            Err(fault) => return End::fault(&fault, &Script::default()),
        };
        screen::say(&welcome(self.language));
        loop {
            match editor.read() {
                Read::Input(input) if is_farewell(&input) => return End::Fine,
                Read::Input(input) => {
                    self.answer(&input);
                    if let Some(end) = self.screen.terminated() {
                        return end;
                    }
                }
                Read::Cleared => {}
                Read::NotText => end::show(&not_text(None), &Script::default()),
                Read::Failed(fault) => return End::fault(&fault, &Script::default()),
                Read::End => return End::Fine,
            }
        }
    }

    /// Reads lines from a file or a pipe, without a prompt.
    fn read(&self) -> End {
        let mut input = String::new();
        let mut end = End::Fine;
        for (number, line) in stdin().lock().split(b'\n').enumerate() {
            let bytes = match line {
                Ok(bytes) => bytes,
                Err(error) => {
                    let words = format!("standard input cannot be read: {error}");
                    return End::usage(Fault::new(words));
                }
            };
            let Ok(line) = std::str::from_utf8(&bytes) else {
                end::show(&not_text(Some(number + 1)), &Script::default());
                end = worse(end, End::Failed);
                continue;
            };
            input.push_str(line.strip_suffix('\r').unwrap_or(line));
            input.push('\n');
            if self.host.borrow().unfinished(&input) {
                continue;
            }
            let whole = std::mem::take(&mut input);
            if is_farewell(&whole) {
                return end;
            }
            end = worse(end, self.answer(&whole));
            if let Some(end) = self.screen.terminated() {
                return end;
            }
            if self.screen.unread.load(Ordering::Relaxed) {
                return End::Unread;
            }
        }
        end = worse(end, self.answer(&input));
        self.screen.terminated().unwrap_or(end)
    }

    /// Runs one input and shows its value or its fault.
    fn answer(&self, input: &str) -> End {
        let input = input.trim_end();
        if input.trim().is_empty() {
            return End::Fine;
        }
        self.screen.stop.store(false, Ordering::Relaxed);
        self.screen.busy.store(true, Ordering::SeqCst);
        let end = self.compute(input);
        self.screen.busy.store(false, Ordering::SeqCst);
        end
    }

    fn compute(&self, input: &str) -> End {
        let outcome = match asked(input) {
            Some(name) => help::find(name, self.language).map(Answer::Text),
            None => self.host.borrow_mut().eval(input).map(Answer::Value),
        };
        match outcome {
            Ok(Answer::Text(text)) => screen::say(text.trim_end()),
            Ok(Answer::Value(Value::Nil)) => End::Fine,
            Ok(Answer::Value(value)) => {
                let end = screen::say(&shortened(&show::value(&value)));
                match show::figure(&value) {
                    Some(figure) if stdin().is_terminal() && stdout().is_terminal() => {
                        self.picture(&figure)
                    }
                    _ => end,
                }
            }
            Err(fault) if fault.cause == Cause::Interrupt => {
                screen::complain(&fault.message);
                End::Interrupted
            }
            Err(fault) => {
                let script = Script {
                    path: host::INPUT.into(),
                    text: input.into(),
                };
                end::show(&fault, &script);
                End::Failed
            }
        }
    }

    /// Shows a figure in the terminal, or where it lies.
    fn picture(&self, figure: &Figure) -> End {
        self.figures.set(self.figures.get() + 1);
        let drawing = self.drawing.get_or_init(Drawing::here);
        match drawing.text(figure, self.figures.get(), self.pictures.as_deref()) {
            Ok(text) => screen::say(&text),
            Err(fault) => {
                end::show(&fault.into(), &Script::default());
                End::Failed
            }
        }
    }
}

enum Answer {
    Text(String),
    Value(Value),
}

/// The first end that was not a good one.
fn worse(a: End, b: End) -> End {
    if a == End::Fine { b } else { a }
}

/// The name in `help NAME`; empty for `help` alone.
fn asked(input: &str) -> Option<&str> {
    let rest = input.trim().strip_prefix("help")?;
    let name = rest.trim();
    let is_name = name
        .chars()
        .all(|c| c.is_alphanumeric() || "_:.".contains(c));
    (is_name && (name.is_empty() || rest.starts_with(char::is_whitespace))).then_some(name)
}

/// The fault of bytes that are not UTF-8, in a line of standard input or typed.
fn not_text(line: Option<usize>) -> Fault {
    match line {
        Some(line) => Fault::new(format!(
            "line {line} of standard input: expected text in UTF-8, found other bytes"
        ))
        .hint("the session goes on without this line"),
        None => Fault::new("expected text in UTF-8, found other bytes")
            .hint("set the terminal to UTF-8; the session goes on with what came before them"),
    }
}

fn is_farewell(input: &str) -> bool {
    let words = [":quit", ":q", ":exit", "quit", "exit", "quit()", "exit()"];
    words.contains(&input.trim().trim_end_matches(';'))
}

/// The beginning of a long text, and how much more there is.
fn shortened(text: &str) -> String {
    let after_lines = text.match_indices('\n').nth(LINES - 1).map(|(at, _)| at);
    let after_letters = text.char_indices().nth(LETTERS).map(|(at, _)| at);
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
    let speaks = match language {
        Language::Rhai => "Rhai (Lua: attractor --lua)",
        Language::Lua => "Lua; variables made without `local` last",
    };
    format!(
        "attractor {} speaks {speaks}\nhelp NAME for the reference, Tab completes, Ctrl-C stops, \
         Ctrl-D leaves",
        env!("CARGO_PKG_VERSION")
    )
}

//! Hints for syntax of other languages: the language of the script, and the equivalent syntax.
//!
//! The tables are text files. A row consists of a pattern (see `pattern`), the other language, a
//! description of the syntax and the equivalent, separated by `;;`. A row of two parts has a hint
//! that describes the whole problem. In the texts, `{0}` and `{1}` are the names that the pattern
//! matches. An indented line continues the previous one. The first row that matches applies; a row
//! that begins with `RUNTIME` is valid syntax, and applies to errors at run time only.

use super::super::script_host::REPL_FILE;
use super::pattern::{self, Match};
use super::tokens::Token;
use crate::api::context::Language;

const RHAI_ROWS: &str = include_str!("rhai_rows.txt");
const LUA_ROWS: &str = include_str!("lua_rows.txt");

/// Beginning of a pattern for errors at run time.
const RUNTIME: &str = "RUNTIME ";

/// Patterns of statements that Lua may report only at the end of the block or of the script.
const LATE: [&str; 11] = [
    "!then if ... VALUE {",
    "!then if ... : END",
    "!do while ... VALUE {",
    "!do while ... : END",
    "!do for ... VALUE {",
    "!do for ... : END",
    "then continue",
    "START continue",
    "then pass",
    "START pass",
    "else if",
];

/// Global names of other languages, which would be nil in Lua without an error, and the equivalent.
const GLOBALS: [(&str, &str); 9] = [
    ("None", "nil"),
    ("null", "nil"),
    ("undefined", "nil"),
    ("True", "true"),
    ("False", "false"),
    ("inf", "math.huge"),
    ("Infinity", "math.huge"),
    ("nan", "0/0"),
    ("NaN", "0/0"),
];

/// A row of a table.
struct Row {
    pattern: &'static str,
    /// The other language and the description of the syntax.
    syntax: Option<(&'static str, String)>,
    equivalent: String,
}

/// The rows of the table for scripts in this language.
fn rows(language: Language) -> Vec<Row> {
    let table = match language {
        Language::Rhai => RHAI_ROWS,
        Language::Lua => LUA_ROWS,
    };
    let mut rows: Vec<Row> = Vec::new();
    for line in table.lines() {
        let parts: Vec<&str> = line.split(" ;; ").map(str::trim).collect();
        match (parts.as_slice(), rows.last_mut()) {
            ([rest], Some(row)) => row.equivalent += &format!(" {rest}"),
            ([pattern, hint], _) => rows.push(Row {
                pattern,
                syntax: None,
                equivalent: (*hint).into(),
            }),
            ([pattern, from, what, equivalent], _) => rows.push(Row {
                pattern,
                syntax: Some((from, (*what).into())),
                equivalent: (*equivalent).into(),
            }),
            _ => {}
        }
    }
    rows
}

/// The position of an error in a line.
#[derive(Debug, Clone, Copy)]
pub enum Position<'a> {
    /// A column, from 1.
    Column(usize),
    /// The token at which the parser stopped, if it is known.
    Near(Option<&'a str>),
}

/// The rows that an error can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    /// Not those that begin with `RUNTIME`.
    SyntaxErrors,
}

/// The hint for the syntax at a position in the tokens of a line of the script `path`.
pub fn hint(
    (language, selection): (Language, Rows),
    path: &str,
    line: &[Token],
    position: Position,
) -> Option<String> {
    let mut rows = rows(language);
    if matches!(position, Position::Near(_)) || selection == Rows::SyntaxErrors {
        rows.retain(|row| !row.pattern.starts_with(RUNTIME));
    }
    let matches = rows.iter().flat_map(|row| {
        let pattern = row.pattern.strip_prefix(RUNTIME).unwrap_or(row.pattern);
        let matches = pattern::find(pattern, line).into_iter();
        matches.map(move |found| (row, found))
    });
    let (row, found) = match position {
        Position::Column(column) => matches
            .into_iter()
            .find(|(_, found)| covers(found, line, column)),
        Position::Near(token) => matches.min_by_key(|(_, found)| {
            let touches = token.is_some_and(|token| touches(found, line, token));
            !touches
        }),
    }?;
    Some(text(language, path, row, &found))
}

/// The hint for a statement in an earlier line of a Lua script than the error.
pub fn late_hint(path: &str, line: &[Token]) -> Option<String> {
    let rows = rows(Language::Lua);
    let mut late = rows.iter().filter(|row| LATE.contains(&row.pattern));
    late.find_map(|row| {
        let found = pattern::find(row.pattern, line).into_iter().next()?;
        Some(text(Language::Lua, path, row, &found))
    })
}

/// The hint for a global name of another language in the Lua script `path`.
pub fn global_hint(path: &str, name: &str) -> Option<String> {
    let (_, write) = GLOBALS.iter().find(|(known, _)| *known == name)?;
    let reason = language_of(Language::Lua, path);
    Some(format!("{reason}: write `{write}`"))
}

/// Whether a column is within the match.
fn covers(found: &Match, line: &[Token], column: usize) -> bool {
    let (first, last) = (&line[*found.tokens.start()], &line[*found.tokens.end()]);
    let end = last.column + last.text.chars().count();
    (first.column..end).contains(&column)
}

/// Whether the match contains the token at which the Lua parser stopped, or ends before it.
fn touches(found: &Match, line: &[Token], token: &str) -> bool {
    let tokens = &line[*found.tokens.start()..line.len().min(found.tokens.end() + 2)];
    tokens.iter().any(|other| other.text.starts_with(token))
}

fn text(language: Language, path: &str, row: &Row, found: &Match) -> String {
    let fill = |text: &str| {
        let names = found.names.iter().enumerate();
        names.fold(text.to_string(), |text, (index, name)| {
            text.replace(&format!("{{{index}}}"), name)
        })
    };
    let equivalent = fill(&row.equivalent);
    match &row.syntax {
        None => equivalent,
        Some((from, what)) => {
            let (what, reason) = (fill(what), language_of(language, path));
            format!("{what} is syntax of {from}; {reason}: {equivalent}")
        }
    }
}

/// The language of the script `path`, and how it was selected.
fn language_of(language: Language, path: &str) -> String {
    let name = match language {
        Language::Rhai => "Rhai",
        Language::Lua => "Lua",
    };
    let reason = match (language, path) {
        (Language::Rhai, REPL_FILE) => "this session is in Rhai (without the option --lua)",
        (Language::Lua, REPL_FILE) => "this session is in Lua (option --lua)",
        (Language::Rhai, path) if path.ends_with(".rhai") => {
            "this script is in Rhai (its file name ends in .rhai)"
        }
        (Language::Lua, path) if path.ends_with(".lua") => {
            "this script is in Lua (its file name ends in .lua)"
        }
        _ => return format!("this script is in {name}"),
    };
    reason.into()
}

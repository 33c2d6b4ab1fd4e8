//! How a fault is shown: message, place, source line, hint; the same for every language.

use std::borrow::Cow;
use std::fmt::Write;

use super::source;
use crate::api::context::Script;
use crate::api::fault::Fault;

/// Letters that are shown of a source line.
const WIDTH: usize = 160;

/// Whether to mark parts with terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

/// The fault as it is shown to a user. `script` is what was run; the lines of other scripts that
/// it uses are read from their files.
pub fn report(fault: &Fault, script: &Script, colours: Colours) -> String {
    let paint = |code: &str, words: &str| match colours {
        Colours::On => format!("\x1b[{code}m{words}\x1b[0m"),
        Colours::Off => words.to_string(),
    };
    let (red, blue) = ("1;31", "1;34");
    let mut shown = format!("{}: {}", paint(red, "error"), fault.message);
    if let Some(place) = &fault.place {
        let text = source::text(script, &place.file);
        let line = source::line(&text, place.line);
        let in_line = || source::column_of(line?, fault.culprit.as_deref()?);
        let column = place.column.or_else(in_line);
        let position = column.map_or(String::new(), |column| format!(":{column}"));
        let arrow = paint(blue, "  -->");
        let _ = write!(shown, "\n{arrow} {}:{}{position}", place.file, place.line);
        if let Some(line) = line {
            let (line, column) = excerpt(line, column);
            let number = place.line.to_string();
            let gap = " ".repeat(number.len());
            let bar = paint(blue, "|");
            let _ = write!(shown, "\n {gap} {bar}");
            let _ = write!(
                shown,
                "\n {} {bar} {}",
                paint(blue, &number),
                line.replace('\t', " ")
            );
            if let Some(column) = column {
                let lead = " ".repeat(column - 1);
                let _ = write!(shown, "\n {gap} {bar} {lead}{}", paint(red, "^"));
            }
        }
    }
    if let Some(hint) = &fault.hint {
        let _ = write!(shown, "\n{}: {hint}", paint(blue, "hint"));
    }
    shown
}

/// The part of a long line around a column, and where the column is in it.
fn excerpt(line: &str, column: Option<usize>) -> (Cow<'_, str>, Option<usize>) {
    const CUT: &str = "... ";
    let count = line.chars().count();
    if count <= WIDTH {
        return (Cow::Borrowed(line), column);
    }
    let first = column.map_or(0, |column| column.saturating_sub(WIDTH / 2));
    let first = first.min(count - WIDTH);
    let part: String = line.chars().skip(first).take(WIDTH).collect();
    let before = if first > 0 { CUT } else { "" };
    let after = if first + WIDTH < count { " ..." } else { "" };
    let column = column.map(|column| column - first + before.len());
    (Cow::Owned(format!("{before}{part}{after}")), column)
}

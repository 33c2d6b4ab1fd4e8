//! The text of an error report: message, location, source line and hint, the same for every
//! language.

use std::borrow::Cow;
use std::fmt::Write;

use super::source;
use crate::api::context::Script;
use crate::api::diagnostic::Diagnostic;

/// Maximum number of characters of a source line in a report.
const WIDTH: usize = 160;

/// Whether a report contains ANSI colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

/// The report of an error. `script` is the script that ran; source lines of the scripts that it
/// imports are read from their files.
pub fn report(diagnostic: &Diagnostic, script: &Script, colours: Colours) -> String {
    let paint = |code: &str, text: &str| match colours {
        Colours::On => format!("\x1b[{code}m{text}\x1b[0m"),
        Colours::Off => text.to_string(),
    };
    let (red, blue) = ("1;31", "1;34");
    let mut report = format!("{}: {}", paint(red, "error"), diagnostic.message);
    if let Some(location) = &diagnostic.location {
        let text = source::text(script, &location.file);
        let line = source::line(&text, location.line);
        let symbol_column = || source::column_of(line?, diagnostic.symbol.as_deref()?);
        let column = location.column.or_else(symbol_column);
        let position = column.map_or(String::new(), |column| format!(":{column}"));
        let arrow = paint(blue, "  -->");
        let _ = write!(
            report,
            "\n{arrow} {}:{}{position}",
            location.file, location.line
        );
        if let Some(line) = line {
            let (line, column) = excerpt(line, column);
            let number = location.line.to_string();
            let indent = " ".repeat(number.len());
            let bar = paint(blue, "|");
            let _ = write!(report, "\n {indent} {bar}");
            let _ = write!(
                report,
                "\n {} {bar} {}",
                paint(blue, &number),
                line.replace('\t', " ")
            );
            if let Some(column) = column {
                let padding = " ".repeat(column - 1);
                let _ = write!(report, "\n {indent} {bar} {padding}{}", paint(red, "^"));
            }
        }
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = write!(report, "\n{}: {hint}", paint(blue, "hint"));
    }
    report
}

/// The excerpt of a long line around a column, and the column within the excerpt.
fn excerpt(line: &str, column: Option<usize>) -> (Cow<'_, str>, Option<usize>) {
    const ELLIPSIS: &str = "... ";
    let count = line.chars().count();
    if count <= WIDTH {
        return (Cow::Borrowed(line), column);
    }
    let first = column.map_or(0, |column| column.saturating_sub(WIDTH / 2));
    let first = first.min(count - WIDTH);
    let part: String = line.chars().skip(first).take(WIDTH).collect();
    let before = if first > 0 { ELLIPSIS } else { "" };
    let after = if first + WIDTH < count { " ..." } else { "" };
    let column = column.map(|column| column - first + before.len());
    (Cow::Owned(format!("{before}{part}{after}")), column)
}

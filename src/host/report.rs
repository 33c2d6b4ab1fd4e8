//! The text of an error report: message, location, source line and hint, the same for every
//! language.

use std::borrow::Cow;
use std::fmt::Write;

use super::source;
use crate::api::context::Script;
use crate::api::diagnostic::{Diagnostic, Location};

/// Maximum number of characters of a source line in a report.
const WIDTH: usize = 160;

/// Whether a report contains ANSI colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

impl Colours {
    fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn blue(self, text: &str) -> String {
        self.paint("1;34", text)
    }

    /// The text in the colour with this ANSI code.
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colours::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Colours::Off => text.to_string(),
        }
    }
}

/// The report of an error. `script` is the script that ran; source lines of the scripts that it
/// imports are read from their files.
pub fn report(diagnostic: &Diagnostic, script: &Script, colours: Colours) -> String {
    labelled(colours.red("error"), diagnostic, script, colours)
}

/// The report of a warning.
pub fn warning(diagnostic: &Diagnostic, script: &Script, colours: Colours) -> String {
    labelled(colours.blue("warning"), diagnostic, script, colours)
}

fn labelled(label: String, diagnostic: &Diagnostic, script: &Script, colours: Colours) -> String {
    let mut report = format!("{label}: {}", diagnostic.message);
    if let Some(location) = &diagnostic.location {
        let symbol = diagnostic.symbol.as_deref();
        report += &location_report(location, symbol, script, colours);
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = write!(report, "\n{}: {hint}", colours.blue("hint"));
    }
    report
}

/// The lines that state the location and show the source line, with a mark below its column.
fn location_report(
    location: &Location,
    symbol: Option<&str>,
    script: &Script,
    colours: Colours,
) -> String {
    let text = source::text(script, &location.file);
    let line = source::line(&text, location.line);
    let symbol_column = || source::column_of(line?, symbol?);
    let column = location.column.or_else(symbol_column);
    let position = column.map_or(String::new(), |column| format!(":{column}"));
    let arrow = colours.blue("  -->");
    let mut report = format!("\n{arrow} {}:{}{position}", location.file, location.line);
    let Some(line) = line else {
        return report;
    };
    let (line, column) = excerpt(line, column);
    let line = line.replace('\t', " ");
    let number = location.line.to_string();
    let indent = " ".repeat(number.len());
    let (number, bar) = (colours.blue(&number), colours.blue("|"));
    let _ = write!(report, "\n {indent} {bar}\n {number} {bar} {line}");
    if let Some(column) = column {
        let padding = " ".repeat(column - 1);
        let mark = colours.red("^");
        let _ = write!(report, "\n {indent} {bar} {padding}{mark}");
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

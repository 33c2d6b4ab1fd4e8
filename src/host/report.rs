//! How a fault is shown: message, place, source line, hint; the same for every language.

use std::fmt::Write;

use super::source;
use crate::api::context::Script;
use crate::api::fault::Fault;

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

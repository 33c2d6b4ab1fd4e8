//! The colours of an input.

use super::lexer::{Kind, lexemes};
use crate::api::context::Language;

/// `line` with terminal colours; a reader sees the same letters.
pub fn coloured(line: &str, language: Language) -> String {
    let mut shown = String::with_capacity(line.len() * 2);
    let mut end = 0;
    for part in lexemes(line, language) {
        shown.push_str(&line[end..part.span.start]);
        let words = &line[part.span.clone()];
        match code(part.kind) {
            // The editor counts lines: a colour may not reach over the end of one.
            Some(code) => {
                let painted = words
                    .split('\n')
                    .map(|row| format!("\x1b[{code}m{row}\x1b[0m"));
                shown.push_str(&painted.collect::<Vec<_>>().join("\n"));
            }
            None => shown.push_str(words),
        }
        end = part.span.end;
    }
    shown.push_str(&line[end..]);
    shown
}

fn code(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Keyword => Some("35"),
        Kind::Number => Some("36"),
        Kind::Text => Some("32"),
        Kind::Comment => Some("90"),
        Kind::Name | Kind::Sign => None,
    }
}

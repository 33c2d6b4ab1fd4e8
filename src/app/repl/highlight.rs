//! Syntax highlighting of inputs.

use crate::api::context::Language;
use crate::host::lexer::{TokenKind, tokenize};

/// `line` with terminal colour codes; the visible characters are unchanged.
pub fn highlight(line: &str, language: Language) -> String {
    let mut output = String::with_capacity(line.len() * 2);
    let mut end = 0;
    for token in tokenize(line, language) {
        output.push_str(&line[end..token.span.start]);
        let text = &line[token.span.clone()];
        match colour_code(token.kind) {
            // The editor counts lines, so a colour must not extend across a line break.
            Some(code) => {
                let rows = text
                    .split('\n')
                    .map(|row| format!("\x1b[{code}m{row}\x1b[0m"));
                output.push_str(&rows.collect::<Vec<_>>().join("\n"));
            }
            None => output.push_str(text),
        }
        end = token.span.end;
    }
    output.push_str(&line[end..]);
    output
}

fn colour_code(kind: TokenKind) -> Option<&'static str> {
    match kind {
        TokenKind::Keyword => Some("35"),
        TokenKind::Number => Some("36"),
        TokenKind::Str => Some("32"),
        TokenKind::Comment => Some("90"),
        TokenKind::Identifier | TokenKind::Symbol => None,
    }
}

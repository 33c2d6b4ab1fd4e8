//! Cuts a line of Rhai or Lua into coloured parts: enough to tell code from text, not a parser.

use std::ops::Range;

use crate::api::context::Language;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Keyword,
    Name,
    Number,
    Text,
    Comment,
    /// Brackets and operators, one character each but `::`, and `#{` as a whole.
    Sign,
}

/// A part of a line; white space is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexeme {
    pub kind: Kind,
    pub span: Range<usize>,
    /// A text or a comment that goes on behind the end of what was typed.
    pub open: bool,
}

const RHAI: [&str; 24] = [
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "do", "until", "break",
    "continue", "return", "throw", "try", "catch", "switch", "import", "export", "as", "private",
    "true", "false",
];

const LUA: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// The words of the language itself.
pub fn keywords(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rhai => &RHAI,
        Language::Lua => &LUA,
    }
}

/// The parts of `text`, in order. What is not closed ends with the text.
pub fn lexemes(text: &str, language: Language) -> Vec<Lexeme> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, length) = special(rest, language).unwrap_or_else(|| plain(rest, language));
        let end = at + length.min(rest.len());
        found.push(Lexeme {
            kind,
            span: at..end,
            open: length > rest.len(),
        });
        at = end;
    }
    found
}

/// A comment or a text and its length, which is more than what is there if it is not closed.
fn special(rest: &str, language: Language) -> Option<(Kind, usize)> {
    let forms: &[(&str, &str, Kind)] = match language {
        Language::Rhai => &[
            ("//", "\n", Kind::Comment),
            ("/*", "*/", Kind::Comment),
            ("\"", "\"", Kind::Text),
            ("'", "'", Kind::Text),
            ("`", "`", Kind::Text),
        ],
        Language::Lua => &[
            ("--[[", "]]", Kind::Comment),
            ("--", "\n", Kind::Comment),
            ("[[", "]]", Kind::Text),
            ("\"", "\"", Kind::Text),
            ("'", "'", Kind::Text),
        ],
    };
    let (open, close, kind) = forms.iter().find(|(open, ..)| rest.starts_with(open))?;
    Some((*kind, open.len() + closing(&rest[open.len()..], close)))
}

/// Bytes up to and with `close`; a backslash before a quote keeps it open.
fn closing(text: &str, close: &str) -> usize {
    let quoted = close.len() == 1 && close != "\n";
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if !escaped && text[at..].starts_with(close) {
            return at + close.len();
        }
        escaped = quoted && !escaped && letter == '\\';
    }
    text.len() + 1
}

fn plain(rest: &str, language: Language) -> (Kind, usize) {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        return (Kind::Number, number(rest, length));
    }
    if length > 0 {
        let kind = match keywords(language).contains(&&rest[..length]) {
            true => Kind::Keyword,
            false => Kind::Name,
        };
        return (kind, length);
    }
    let pairs = ["::", "#{"];
    match pairs.iter().find(|pair| rest.starts_with(**pair)) {
        Some(pair) => (Kind::Sign, pair.len()),
        None => (Kind::Sign, first.len_utf8()),
    }
}

/// The length of a number whose digits before the point are `whole` bytes long.
fn number(rest: &str, whole: usize) -> usize {
    let mut end = whole;
    let fraction =
        |text: &str| text.starts_with('.') && text[1..].starts_with(|c: char| c.is_ascii_digit());
    if fraction(&rest[end..]) {
        let digit = |c: char| c.is_alphanumeric() || c == '_';
        end += 1 + rest[end + 1..]
            .find(|c| !digit(c))
            .unwrap_or(rest.len() - end - 1);
    }
    let exponent = rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['-', '+']);
    if exponent {
        let digit = |c: char| c.is_ascii_digit();
        end += 1 + rest[end + 1..]
            .find(|c| !digit(c))
            .unwrap_or(rest.len() - end - 1);
    }
    end
}

//! A tokenizer for a line of Rhai or Lua. It suffices for syntax highlighting and completion; it is
//! not a parser.

use std::ops::Range;

use crate::api::context::Language;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Keyword,
    Identifier,
    Number,
    Str,
    Comment,
    /// A bracket or an operator: one character, or `::` or `#{`.
    Symbol,
}

/// A token of a line; white space is omitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Range<usize>,
    /// Whether a string or a comment is not terminated at the end of the input.
    pub unterminated: bool,
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

/// The keywords of the language.
pub fn keywords(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rhai => &RHAI,
        Language::Lua => &LUA,
    }
}

/// The tokens of `text`, in order. An unterminated token extends to the end of the text.
pub fn tokenize(text: &str, language: Language) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, length) =
            comment_or_string(rest, language).unwrap_or_else(|| word_or_symbol(rest, language));
        let end = at + length.min(rest.len());
        tokens.push(Token {
            kind,
            span: at..end,
            unterminated: length > rest.len(),
        });
        at = end;
    }
    tokens
}

/// A comment or a string and its length. The length exceeds the text if it is not terminated.
fn comment_or_string(rest: &str, language: Language) -> Option<(TokenKind, usize)> {
    let forms: &[(&str, &str, TokenKind)] = match language {
        Language::Rhai => &[
            ("//", "\n", TokenKind::Comment),
            ("/*", "*/", TokenKind::Comment),
            ("\"", "\"", TokenKind::Str),
            ("'", "'", TokenKind::Str),
            ("`", "`", TokenKind::Str),
        ],
        Language::Lua => &[
            ("--[[", "]]", TokenKind::Comment),
            ("--", "\n", TokenKind::Comment),
            ("[[", "]]", TokenKind::Str),
            ("\"", "\"", TokenKind::Str),
            ("'", "'", TokenKind::Str),
        ],
    };
    let (open, close, kind) = forms.iter().find(|(open, ..)| rest.starts_with(open))?;
    Some((
        *kind,
        open.len() + length_through(&rest[open.len()..], close),
    ))
}

/// Number of bytes through `close`; a backslash escapes a quote.
fn length_through(text: &str, close: &str) -> usize {
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

fn word_or_symbol(rest: &str, language: Language) -> (TokenKind, usize) {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        return (TokenKind::Number, number_length(rest, length));
    }
    if length > 0 {
        let kind = match keywords(language).contains(&&rest[..length]) {
            true => TokenKind::Keyword,
            false => TokenKind::Identifier,
        };
        return (kind, length);
    }
    let pairs = ["::", "#{"];
    match pairs.iter().find(|pair| rest.starts_with(**pair)) {
        Some(pair) => (TokenKind::Symbol, pair.len()),
        None => (TokenKind::Symbol, first.len_utf8()),
    }
}

/// The length of a number literal whose integer digits are `whole` bytes long.
fn number_length(rest: &str, whole: usize) -> usize {
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

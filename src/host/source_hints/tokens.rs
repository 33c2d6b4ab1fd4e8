//! The tokens of a script with their positions, for hints that refer to the source text.

use std::ops::Range;

use super::super::lexer::{self, TokenKind};
use crate::api::context::Language;

/// Operators of more than one character, in any language, longest first. The lexer splits them.
const OPERATORS: [&str; 31] = [
    "===", "!==", "...", "..=", "**=", "==", "!=", "~=", "<=", ">=", "&&", "||", "+=", "-=", "*=",
    "/=", "%=", "^=", "**", "//", "--", "++", ":=", "=>", "->", "..", "<>", "?.", "??", "/*", "*/",
];

/// A token and its position.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    pub kind: TokenKind,
    pub text: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column of the first character, from 1.
    pub column: usize,
    /// The bytes in the script.
    pub span: Range<usize>,
}

impl Token<'_> {
    /// Whether the token is this word or operator, and not a text.
    pub fn is(&self, text: &str) -> bool {
        self.kind != TokenKind::Str && self.text == text
    }

    pub fn is_name(&self) -> bool {
        self.kind == TokenKind::Identifier
    }
}

/// The tokens of a script without comments, with operators as single tokens.
pub fn tokens(text: &str, language: Language) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut line, mut column, mut scanned) = (1, 1, 0);
    let mut end_of_operator = 0;
    for token in lexer::tokenize(text, language) {
        let start = token.span.start;
        for c in text[scanned..start].chars() {
            column += 1;
            if c == '\n' {
                (line, column) = (line + 1, 1);
            }
        }
        scanned = start;
        if token.kind == TokenKind::Comment || start < end_of_operator {
            continue;
        }
        let rest = &text[start..];
        let operator = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(**operator));
        let span = match (token.kind, operator) {
            (TokenKind::Symbol, Some(operator)) => start..start + operator.len(),
            _ => token.span,
        };
        end_of_operator = span.end;
        tokens.push(Token {
            kind: token.kind,
            text: &text[span.clone()],
            line,
            column,
            span,
        });
    }
    tokens
}

/// The index of the bracket that closes the one at `open`.
pub fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != TokenKind::Symbol {
            continue;
        }
        match token.text {
            "(" | "[" | "{" | "#{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

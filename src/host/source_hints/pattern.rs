//! Patterns of tokens in one line of a script.
//!
//! A pattern is a sequence of elements, separated by spaces: a word or an operator; `NAME`,
//! `NUMBER`, `STRING` and `QUOTED` (a string between single quotes); `VALUE`, the end of an
//! expression; `GLUE`, no space between two tokens; `START` and `END` of the line; `...`, any
//! tokens. `!word` at the beginning excludes lines that contain the word.

use std::ops::RangeInclusive;

use super::super::lexer::TokenKind;
use super::tokens::Token;

/// The tokens of a line that match a pattern.
#[derive(Debug)]
pub struct Match<'a> {
    /// The indices of the tokens; after `...` in the pattern, those of the elements that follow it.
    pub tokens: RangeInclusive<usize>,
    /// The names at `NAME`, in order.
    pub names: Vec<&'a str>,
}

/// All matches of a pattern in a line.
pub fn find<'a>(pattern: &str, line: &[Token<'a>]) -> Vec<Match<'a>> {
    let mut elements: Vec<&str> = pattern.split_whitespace().collect();
    while let Some(excluded) = elements.first().and_then(|first| excluded(first)) {
        if line.iter().any(|token| token.is(excluded)) {
            return Vec::new();
        }
        elements.remove(0);
    }
    let starts = 0..line.len();
    starts
        .filter_map(|start| match_at(&elements, line, start))
        .collect()
}

/// The word in an element such as `!then`; `!` and `!=` are operators.
fn excluded(element: &str) -> Option<&str> {
    let word = element.strip_prefix('!')?;
    word.starts_with(|c: char| c.is_alphabetic())
        .then_some(word)
}

/// The match that begins at the token `start`.
fn match_at<'a>(elements: &[&str], line: &[Token<'a>], start: usize) -> Option<Match<'a>> {
    let mut names = Vec::new();
    let (mut at, mut anchor) = (start, start);
    for (index, element) in elements.iter().enumerate() {
        match *element {
            "..." => {
                let rest = &elements[index + 1..];
                let mut found = (at..line.len()).find_map(|start| match_at(rest, line, start))?;
                names.append(&mut found.names);
                return Some(Match { names, ..found });
            }
            "START" if at == 0 => {}
            "END" if at == line.len() => {}
            "GLUE" if at > 0 && line.get(at)?.span.start == line[at - 1].span.end => {}
            "START" | "END" | "GLUE" => return None,
            element => {
                let token = line.get(at).filter(|token| fits(element, token))?;
                if element == "NAME" {
                    names.push(token.text);
                }
                anchor = anchor.min(at);
                at += 1;
            }
        }
    }
    (at > start).then(|| Match {
        tokens: anchor..=at - 1,
        names,
    })
}

fn fits(element: &str, token: &Token) -> bool {
    match element {
        "NAME" => token.is_name(),
        "NUMBER" => token.kind == TokenKind::Number,
        "STRING" => token.kind == TokenKind::Str,
        "QUOTED" => {
            token.kind == TokenKind::Str
                && token.text.starts_with('\'')
                && token.text.chars().count() > 3
        }
        "VALUE" => {
            let kinds = [TokenKind::Identifier, TokenKind::Number, TokenKind::Str];
            kinds.contains(&token.kind) || [")", "]", "true", "false"].contains(&token.text)
        }
        element => token.is(element),
    }
}

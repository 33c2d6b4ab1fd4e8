//! The syntactic context of the cursor: the current word, its receiver, and the enclosing call.

use crate::api::context::Language;
use crate::host::lexer::{Token, TokenKind, tokenize};

/// A name with its receiver: `rnn::vanilla`, `net.run`, `train`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalleePath<'a> {
    /// The name before the sign; empty for an expression, `None` without a sign.
    pub receiver: Option<&'a str>,
    pub name: &'a str,
}

/// The kind of completion at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Position<'a> {
    /// A member of a module or of a value with this name; empty for an expression.
    Member(&'a str),
    /// An option key of a call, and the keys that are already present.
    Key(CalleePath<'a>, Vec<&'a str>),
    /// Any name.
    Name,
    /// Nothing: the cursor is in a string, a comment or a number.
    Inert,
}

/// The context of the cursor.
#[derive(Debug)]
pub struct CompletionContext<'a> {
    /// Start of the current word.
    pub start: usize,
    pub word: &'a str,
    pub position: Position<'a>,
    /// The innermost enclosing call.
    pub call: Option<CalleePath<'a>>,
    /// The option whose value starts at the cursor.
    pub key: Option<&'a str>,
}

/// A bracket that is open at the cursor.
struct OpenBracket<'a> {
    is_options: bool,
    call: Option<CalleePath<'a>>,
    keys: Vec<&'a str>,
}

struct TokenStream<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    language: Language,
}

/// The context of a cursor at the end of `text`.
pub fn completion_context(text: &str, language: Language) -> CompletionContext<'_> {
    let tokens = tokenize(text, language);
    let typed = tokens.last().filter(|last| last.span.end == text.len());
    let (start, inert) = match typed {
        Some(last) if last.unterminated || last.kind == TokenKind::Number => (text.len(), true),
        Some(last) if matches!(last.kind, TokenKind::Identifier | TokenKind::Keyword) => {
            (last.span.start, false)
        }
        _ => (text.len(), false),
    };
    let before = tokens
        .iter()
        .filter(|token| token.span.start < start)
        .count();
    let tokens = TokenStream {
        text,
        tokens,
        language,
    };
    let brackets = tokens.brackets(before);
    let inside = brackets.last();
    CompletionContext {
        start,
        word: &text[start..],
        position: if inert {
            Position::Inert
        } else {
            tokens.position(before, inside)
        },
        call: inside.and_then(|bracket| bracket.call),
        key: tokens.key(before, inside),
    }
}

impl<'a> TokenStream<'a> {
    fn word(&self, index: usize) -> &'a str {
        self.tokens
            .get(index)
            .map_or("", |token| &self.text[token.span.clone()])
    }

    fn name(&self, index: usize) -> Option<&'a str> {
        let token = self.tokens.get(index)?;
        (token.kind == TokenKind::Identifier).then(|| &self.text[token.span.clone()])
    }

    /// The kind of completion at token `index`.
    fn position(&self, index: usize, inside: Option<&OpenBracket<'a>>) -> Position<'a> {
        match (self.word(index.wrapping_sub(1)), inside) {
            (".", _) if self.follows_number(index - 1) => Position::Inert,
            ("::" | "." | ":", _) if self.is_member_sign(index) => {
                Position::Member(self.name(index.wrapping_sub(2)).unwrap_or_default())
            }
            ("{" | "#{" | ",", Some(bracket)) if bracket.is_options => match bracket.call {
                Some(call) => Position::Key(call, bracket.keys.clone()),
                None => Position::Name,
            },
            _ => Position::Name,
        }
    }

    /// The option whose value starts at token `index`.
    fn key(&self, index: usize, inside: Option<&OpenBracket<'a>>) -> Option<&'a str> {
        let assigned = [":", "="].contains(&self.word(index.wrapping_sub(1)));
        let in_options = inside.is_some_and(|bracket| bracket.is_options);
        (assigned && in_options).then(|| self.name(index.wrapping_sub(2)))?
    }

    /// Whether a number precedes token `index`.
    fn follows_number(&self, index: usize) -> bool {
        let before = index
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index));
        before.is_some_and(|token| token.kind == TokenKind::Number)
    }

    /// Whether token `index - 1` separates a receiver from its member, and is not the `:` after a
    /// key.
    fn is_member_sign(&self, index: usize) -> bool {
        if self.word(index - 1) != ":" {
            return true;
        }
        let touches = |index: usize| {
            let gap = self.tokens.get(index - 1).zip(self.tokens.get(index));
            gap.is_none_or(|(left, right)| left.span.end == right.span.start)
        };
        self.language == Language::Lua && index >= 2 && touches(index - 1)
    }

    /// The name and receiver that end before token `index`.
    fn path(&self, index: usize) -> Option<CalleePath<'a>> {
        let name = self.name(index.checked_sub(1)?)?;
        let sign = index.checked_sub(2).map_or("", |sign| self.word(sign));
        let receiver = ["::", ".", ":"].contains(&sign).then(|| {
            let name = index.checked_sub(3).and_then(|of| self.name(of));
            name.unwrap_or_default()
        });
        Some(CalleePath { receiver, name })
    }

    /// The brackets that are open before token `end`, outermost first.
    fn brackets(&self, end: usize) -> Vec<OpenBracket<'a>> {
        let (map, assigns) = match self.language {
            Language::Rhai => ("#{", ":"),
            Language::Lua => ("{", "="),
        };
        let mut brackets: Vec<OpenBracket> = Vec::new();
        for index in 0..end {
            let word = match self.tokens[index].kind {
                TokenKind::Symbol => self.word(index),
                _ => continue,
            };
            match word {
                "(" | "[" | "{" | "#{" => brackets.push(OpenBracket {
                    is_options: word == map,
                    call: self.call(index, brackets.last()),
                    keys: Vec::new(),
                }),
                ")" | "]" | "}" => drop(brackets.pop()),
                _ if word == assigns => {
                    if let Some(bracket) = brackets.last_mut() {
                        bracket.keys.extend(self.name(index.wrapping_sub(1)));
                    }
                }
                _ => {}
            }
        }
        brackets
    }

    /// The call that the bracket at `index` belongs to.
    fn call(&self, index: usize, outer: Option<&OpenBracket<'a>>) -> Option<CalleePath<'a>> {
        let bare = self.language == Language::Lua && self.word(index) == "{";
        match self.word(index) {
            "(" => self.path(index),
            "{" | "#{" if bare && self.path(index).is_some() => self.path(index),
            "{" | "#{" => outer.filter(|bracket| !bracket.is_options)?.call,
            _ => None,
        }
    }
}

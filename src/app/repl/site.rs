//! Where in an input the cursor stands: which word is typed, after what, and inside which call.

use super::lexer::{Kind, Lexeme, lexemes};
use crate::api::context::Language;

/// A name with what stands before it: `rnn::vanilla`, `net.run`, `train`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<'a> {
    /// The name before the sign; empty for an expression. None if there is no sign.
    pub of: Option<&'a str>,
    pub name: &'a str,
}

/// What can be typed at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A member of a module or of a value; the name of either, empty for an expression.
    Member(&'a str),
    /// A key in the options of a call, and those that are given already.
    Key(Path<'a>, Vec<&'a str>),
    /// Any name.
    Free,
    /// Nothing: the cursor is in a text, a comment or a number.
    Text,
}

/// The cursor of an input.
#[derive(Debug)]
pub struct Site<'a> {
    /// Where the word that is typed begins.
    pub start: usize,
    pub word: &'a str,
    pub place: Place<'a>,
    /// The innermost call that the cursor is inside of.
    pub call: Option<Path<'a>>,
    /// The option whose value is about to be typed.
    pub key: Option<&'a str>,
}

/// A bracket that is open at the cursor.
struct Frame<'a> {
    options: bool,
    call: Option<Path<'a>>,
    keys: Vec<&'a str>,
}

struct Parts<'a> {
    text: &'a str,
    parts: Vec<Lexeme>,
    language: Language,
}

/// The site of a cursor at the end of `text`.
pub fn site(text: &str, language: Language) -> Site<'_> {
    let parts = lexemes(text, language);
    let typed = parts.last().filter(|last| last.span.end == text.len());
    let (start, inert) = match typed {
        Some(last) if last.open || last.kind == Kind::Number => (text.len(), true),
        Some(last) if matches!(last.kind, Kind::Name | Kind::Keyword) => (last.span.start, false),
        _ => (text.len(), false),
    };
    let before = parts.iter().filter(|part| part.span.start < start).count();
    let parts = Parts {
        text,
        parts,
        language,
    };
    let frames = parts.frames(before);
    let inside = frames.last();
    Site {
        start,
        word: &text[start..],
        place: if inert {
            Place::Text
        } else {
            parts.place(before, inside)
        },
        call: inside.and_then(|frame| frame.call),
        key: parts.key(before, inside),
    }
}

impl<'a> Parts<'a> {
    fn word(&self, index: usize) -> &'a str {
        self.parts
            .get(index)
            .map_or("", |part| &self.text[part.span.clone()])
    }

    fn name(&self, index: usize) -> Option<&'a str> {
        let part = self.parts.get(index)?;
        (part.kind == Kind::Name).then(|| &self.text[part.span.clone()])
    }

    /// What can be typed as part `index`.
    fn place(&self, index: usize, inside: Option<&Frame<'a>>) -> Place<'a> {
        match (self.word(index.wrapping_sub(1)), inside) {
            (".", _) if self.follows_number(index - 1) => Place::Text,
            ("::" | "." | ":", _) if self.joined(index) => {
                Place::Member(self.name(index.wrapping_sub(2)).unwrap_or_default())
            }
            ("{" | "#{" | ",", Some(frame)) if frame.options => match frame.call {
                Some(call) => Place::Key(call, frame.keys.clone()),
                None => Place::Free,
            },
            _ => Place::Free,
        }
    }

    /// The option whose value part `index` begins.
    fn key(&self, index: usize, inside: Option<&Frame<'a>>) -> Option<&'a str> {
        let assigned = [":", "="].contains(&self.word(index.wrapping_sub(1)));
        let in_options = inside.is_some_and(|frame| frame.options);
        (assigned && in_options).then(|| self.name(index.wrapping_sub(2)))?
    }

    /// Whether a number stands before part `index`.
    fn follows_number(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|index| self.parts.get(index));
        before.is_some_and(|part| part.kind == Kind::Number)
    }

    /// Whether part `index - 1` is a sign that joins a member to what stands before it, not the
    /// `:` behind a key.
    fn joined(&self, index: usize) -> bool {
        if self.word(index - 1) != ":" {
            return true;
        }
        let touches = |index: usize| {
            let gap = self.parts.get(index - 1).zip(self.parts.get(index));
            gap.is_none_or(|(left, right)| left.span.end == right.span.start)
        };
        self.language == Language::Lua && index >= 2 && touches(index - 1)
    }

    /// The path that ends before part `index`.
    fn path(&self, index: usize) -> Option<Path<'a>> {
        let name = self.name(index.checked_sub(1)?)?;
        let sign = index.checked_sub(2).map_or("", |sign| self.word(sign));
        let of = ["::", ".", ":"].contains(&sign).then(|| {
            let of = index.checked_sub(3).and_then(|of| self.name(of));
            of.unwrap_or_default()
        });
        Some(Path { of, name })
    }

    /// The brackets that are open before part `end`, outermost first.
    fn frames(&self, end: usize) -> Vec<Frame<'a>> {
        let (map, assigns) = match self.language {
            Language::Rhai => ("#{", ":"),
            Language::Lua => ("{", "="),
        };
        let mut frames: Vec<Frame> = Vec::new();
        for index in 0..end {
            let word = match self.parts[index].kind {
                Kind::Sign => self.word(index),
                _ => continue,
            };
            match word {
                "(" | "[" | "{" | "#{" => frames.push(Frame {
                    options: word == map,
                    call: self.call(index, frames.last()),
                    keys: Vec::new(),
                }),
                ")" | "]" | "}" => drop(frames.pop()),
                _ if word == assigns => {
                    if let Some(frame) = frames.last_mut() {
                        frame.keys.extend(self.name(index.wrapping_sub(1)));
                    }
                }
                _ => {}
            }
        }
        frames
    }

    /// The call that the bracket at `index` belongs to.
    fn call(&self, index: usize, outer: Option<&Frame<'a>>) -> Option<Path<'a>> {
        let bare = self.language == Language::Lua && self.word(index) == "{";
        match self.word(index) {
            "(" => self.path(index),
            "{" | "#{" if bare && self.path(index).is_some() => self.path(index),
            "{" | "#{" => outer.filter(|frame| !frame.options)?.call,
            _ => None,
        }
    }
}

//! Lua pattern matching with counted steps. The matcher of Lua backtracks in C, where neither a
//! limit nor Ctrl-C can stop it.
//!
//! Source: lstrlib.c of Lua 5.4; the matching rules are the same

use std::ops::Range;

use crate::api::diagnostic::Diagnostic;

/// Maximum number of captures in a pattern.
const MAX_CAPTURES: usize = 32;
/// Maximum recursion depth of the matcher.
const MAX_DEPTH: usize = 200;
/// Steps between two calls of `count`.
const COUNT_INTERVAL: u32 = 1_000;

const ESCAPE: u8 = b'%';

type Outcome<T> = Result<T, Diagnostic>;

/// The value of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capture {
    /// A range of the text.
    Text(Range<usize>),
    /// A position in the text, from 1.
    Position(usize),
    /// A capture without a closing `)`; reading it is an error.
    Unfinished,
}

/// The range of a match, and its captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub range: Range<usize>,
    pub captures: Vec<Capture>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Open,
    Position,
    Closed(usize),
}

/// Matches a pattern against a text.
pub struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<(usize, Length)>,
    depth: usize,
    steps: u32,
    /// Receives the number of steps; an error stops the search.
    count: &'a dyn Fn(u64) -> Outcome<()>,
}

impl<'a> Matcher<'a> {
    /// A matcher that reports its steps to `count`.
    pub fn new(
        text: &'a [u8],
        pattern: &'a [u8],
        count: &'a dyn Fn(u64) -> Outcome<()>,
    ) -> Matcher<'a> {
        let (captures, depth, steps) = (Vec::new(), 0, 0);
        Matcher {
            text,
            pattern,
            captures,
            depth,
            steps,
            count,
        }
    }

    /// The first match that starts at `from` or later.
    ///
    /// Errors: a malformed pattern; those of `count`
    pub fn search(&mut self, from: usize) -> Outcome<Option<Match>> {
        for start in from..=self.text.len() {
            if let Some(found) = self.match_at(start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The match that starts at `start`.
    ///
    /// Errors: as in [`Matcher::search`]
    pub fn match_at(&mut self, start: usize) -> Outcome<Option<Match>> {
        self.captures.clear();
        self.depth = 0;
        let Some(end) = self.match_from(start, 0)? else {
            return Ok(None);
        };
        let capture = |&(start, length): &(usize, Length)| match length {
            Length::Open => Capture::Unfinished,
            Length::Position => Capture::Position(start + 1),
            Length::Closed(length) => Capture::Text(start..start + length),
        };
        let captures = self.captures.iter().map(capture).collect();
        Ok(Some(Match {
            range: start..end,
            captures,
        }))
    }

    /// Counts one step.
    fn step(&mut self) -> Outcome<()> {
        self.steps += 1;
        if self.steps < COUNT_INTERVAL {
            return Ok(());
        }
        self.steps = 0;
        (self.count)(COUNT_INTERVAL.into())
    }

    /// The end of the match of `pattern[p..]` at text index `s`.
    fn match_from(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        if self.depth == MAX_DEPTH {
            return Err(malformed("pattern too complex"));
        }
        self.depth += 1;
        let end = self.match_items(s, p);
        self.depth -= 1;
        end
    }

    /// [`Matcher::match_from`] without the depth check.
    fn match_items(&mut self, mut s: usize, mut p: usize) -> Outcome<Option<usize>> {
        loop {
            self.step()?;
            let Some(&first) = self.pattern.get(p) else {
                return Ok(Some(s));
            };
            let next = self.pattern.get(p + 1).copied();
            let jump = match (first, next) {
                (b'(', Some(b')')) => return self.open(s, p + 2, Length::Position),
                (b'(', _) => return self.open(s, p + 1, Length::Open),
                (b')', _) => return self.close(s, p + 1),
                (b'$', None) => return Ok((s == self.text.len()).then_some(s)),
                (ESCAPE, Some(b'b')) => Some(self.balance(s, p + 2)?.map(|s| (s, p + 4))),
                (ESCAPE, Some(b'f')) => Some(self.frontier(s, p + 2)?.map(|p| (s, p))),
                (ESCAPE, Some(digit)) if digit.is_ascii_digit() => {
                    Some(self.back_reference(s, digit)?.map(|s| (s, p + 2)))
                }
                _ => None,
            };
            match jump {
                Some(Some(jump)) => (s, p) = jump,
                Some(None) => return Ok(None),
                None => match self.single(s, p)? {
                    Next::Continue(jump) => (s, p) = jump,
                    Next::Return(end) => return Ok(end),
                },
            }
        }
    }

    /// Matches a character class with its quantifier: `*`, `+`, `-`, `?` or none.
    fn single(&mut self, s: usize, p: usize) -> Outcome<Next> {
        let end = self.class_end(p)?;
        let suffix = self.pattern.get(end).copied();
        let matches = self.matches(s, p, end);
        Ok(match (suffix, matches) {
            (Some(b'?'), true) => match self.match_from(s + 1, end + 1)? {
                Some(found) => Next::Return(Some(found)),
                None => Next::Continue((s, end + 1)),
            },
            (Some(b'+'), true) => Next::Return(self.longest(s + 1, p, end)?),
            (Some(b'*'), _) => Next::Return(self.longest(s, p, end)?),
            (Some(b'-'), _) => Next::Return(self.shortest(s, p, end)?),
            (Some(b'?'), false) => Next::Continue((s, end + 1)),
            (_, true) => Next::Continue((s + 1, end)),
            (_, false) => Next::Return(None),
        })
    }

    /// Matches as many repetitions as possible (`*`, `+`).
    fn longest(&mut self, s: usize, p: usize, end: usize) -> Outcome<Option<usize>> {
        let mut last = s;
        while self.matches(last, p, end) {
            self.step()?;
            last += 1;
        }
        for s in (s..=last).rev() {
            if let Some(found) = self.match_from(s, end + 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Matches as few repetitions as possible (`-`).
    fn shortest(&mut self, mut s: usize, p: usize, end: usize) -> Outcome<Option<usize>> {
        loop {
            if let Some(found) = self.match_from(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.matches(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    /// Starts a capture.
    fn open(&mut self, s: usize, p: usize, length: Length) -> Outcome<Option<usize>> {
        if self.captures.len() == MAX_CAPTURES {
            return Err(malformed("too many captures"));
        }
        let count = self.captures.len();
        self.captures.push((s, length));
        let end = self.match_from(s, p)?;
        if end.is_none() {
            self.captures.truncate(count);
        }
        Ok(end)
    }

    /// Ends the innermost open capture.
    fn close(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        let open = |(_, length): &(usize, Length)| *length == Length::Open;
        let Some(index) = self.captures.iter().rposition(open) else {
            return Err(malformed("invalid pattern capture"));
        };
        let start = self.captures[index].0;
        self.captures[index].1 = Length::Closed(s - start);
        let end = self.match_from(s, p)?;
        if end.is_none() {
            self.captures[index].1 = Length::Open;
        }
        Ok(end)
    }

    /// The end of a text between balanced delimiters (`%bxy`).
    fn balance(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        let Some(&[open, close]) = self.pattern.get(p..p + 2) else {
            return Err(malformed("malformed pattern (missing arguments to '%b')"));
        };
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1;
        for end in s + 1..self.text.len() {
            self.step()?;
            match self.text[end] {
                byte if byte == close => depth -= 1,
                byte if byte == open => depth += 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Some(end + 1));
            }
        }
        Ok(None)
    }

    /// The pattern index after `%f[set]`, if the frontier matches at `s`.
    fn frontier(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(malformed("missing '[' after '%f' in pattern"));
        }
        let end = self.class_end(p)?;
        let byte = |at: Option<usize>| at.and_then(|at| self.text.get(at)).map_or(0, |c| *c);
        let [before, here] = [byte(s.checked_sub(1)), byte(Some(s))];
        let is_frontier = !self.in_set(before, p, end) && self.in_set(here, p, end);
        Ok(is_frontier.then_some(end))
    }

    /// The end of a repetition of an earlier capture at `s` (`%1`).
    fn back_reference(&mut self, s: usize, digit: u8) -> Outcome<Option<usize>> {
        let index = usize::from(digit).wrapping_sub(usize::from(b'1'));
        let (start, length) = match self.captures.get(index) {
            Some(&(start, Length::Closed(length))) => (start, length),
            // A position capture has no text to repeat.
            Some((_, Length::Position)) => return Ok(None),
            _ => {
                let message = format!("invalid capture index %{}", char::from(digit));
                return Err(Diagnostic::new(message));
            }
        };
        let earlier = &self.text[start..start + length];
        Ok(self.text[s..].starts_with(earlier).then_some(s + length))
    }

    /// The end of the character class that starts at `p`.
    fn class_end(&self, p: usize) -> Outcome<usize> {
        let pattern = self.pattern;
        match pattern[p] {
            ESCAPE if p + 1 == pattern.len() => Err(malformed("malformed pattern (ends with '%')")),
            ESCAPE => Ok(p + 2),
            b'[' => {
                let mut at = p + 1 + usize::from(pattern.get(p + 1) == Some(&b'^'));
                // A `]` at the start of a set is a member of the set.
                loop {
                    let skip = match pattern.get(at) {
                        None => return Err(malformed("malformed pattern (missing ']')")),
                        Some(&ESCAPE) => 2,
                        Some(_) => 1,
                    };
                    at += skip;
                    if pattern.get(at) == Some(&b']') {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Whether the byte at `s` is in the character class `pattern[p..end]`.
    fn matches(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.text.get(s) else {
            return false;
        };
        match self.pattern[p] {
            b'.' => true,
            ESCAPE => in_class(byte, self.pattern[p + 1]),
            b'[' => self.in_set(byte, p, end),
            same => same == byte,
        }
    }

    /// Whether a byte is in the set `[...]` at `pattern[p..end]`.
    fn in_set(&self, byte: u8, p: usize, end: usize) -> bool {
        let set = &self.pattern[p + 1..end - 1];
        let (set, negated) = match set.split_first() {
            Some((b'^', rest)) => (rest, true),
            _ => (set, false),
        };
        let mut rest = set;
        let mut is_member = false;
        while let Some((&first, tail)) = rest.split_first() {
            (is_member, rest) = match (first, tail) {
                (ESCAPE, [class, tail @ ..]) => (is_member || in_class(byte, *class), tail),
                (low, [b'-', high, tail @ ..]) => {
                    (is_member || (low..=*high).contains(&byte), tail)
                }
                (same, tail) => (is_member || same == byte, tail),
            };
        }
        is_member != negated
    }
}

/// The next action after a character class.
enum Next {
    /// Continue at this text index and pattern index.
    Continue((usize, usize)),
    /// Return this end of the match.
    Return(Option<usize>),
}

/// Whether a byte is in a class such as `%a`; an uppercase class letter negates the class.
fn in_class(byte: u8, class: u8) -> bool {
    let inside = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        // Rust does not treat the vertical tab as white space.
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        _ => return class == byte,
    };
    inside != class.is_ascii_uppercase()
}

/// The error of a malformed pattern.
fn malformed(message: &str) -> Diagnostic {
    Diagnostic::new(message)
}

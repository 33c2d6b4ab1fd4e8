//! Lua's patterns, with a bound: Lua's own matcher tries every way to divide a text among the parts
//! of a pattern, in C, where neither a limit nor Ctrl-C reaches it. This one counts its steps.
//!
//! Source: lstrlib.c of Lua 5.4, whose rules it keeps

use std::ops::Range;

use crate::api::fault::Fault;

/// Captures of one pattern.
const CAPTURES: usize = 32;
/// Parts of a pattern that may be open inside each other.
const DEPTH: usize = 200;
/// Steps between two reports.
const PULSE: u32 = 1_000;

const ESCAPE: u8 = b'%';

type Outcome<T> = Result<T, Fault>;

/// What a capture holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capture {
    Text(Range<usize>),
    /// From 1.
    Position(usize),
    /// Nothing: the pattern lacks a `)`, an error once the capture is asked for.
    Unfinished,
}

/// Where a pattern matches, and its captures.
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

/// A text and the pattern that is looked for in it.
pub struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<(usize, Length)>,
    depth: usize,
    steps: u32,
    /// Told how many steps were made; an error ends the search.
    count: &'a dyn Fn(u64) -> Outcome<()>,
}

impl<'a> Matcher<'a> {
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

    /// The first match that begins at `from` or later.
    ///
    /// Errors: a malformed pattern; those of `count`
    pub fn search(&mut self, from: usize) -> Outcome<Option<Match>> {
        for start in from..=self.text.len() {
            if let Some(found) = self.at(start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The match that begins at `start`.
    ///
    /// Errors: as [`Matcher::search`]
    pub fn at(&mut self, start: usize) -> Outcome<Option<Match>> {
        self.captures.clear();
        self.depth = 0;
        let Some(end) = self.run(start, 0)? else {
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

    fn step(&mut self) -> Outcome<()> {
        self.steps += 1;
        if self.steps < PULSE {
            return Ok(());
        }
        self.steps = 0;
        (self.count)(PULSE.into())
    }

    /// The end of a match of the pattern from `p` on with the text from `s` on.
    fn run(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        if self.depth == DEPTH {
            return Err(malformed("pattern too complex"));
        }
        self.depth += 1;
        let end = self.walk(s, p);
        self.depth -= 1;
        end
    }

    fn walk(&mut self, mut s: usize, mut p: usize) -> Outcome<Option<usize>> {
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
                    Some(self.repeated(s, digit)?.map(|s| (s, p + 2)))
                }
                _ => None,
            };
            match jump {
                Some(Some(jump)) => (s, p) = jump,
                Some(None) => return Ok(None),
                None => match self.single(s, p)? {
                    Next::At(jump) => (s, p) = jump,
                    Next::Is(end) => return Ok(end),
                },
            }
        }
    }

    /// One class and what stands behind it: `*`, `+`, `-`, `?` or nothing.
    fn single(&mut self, s: usize, p: usize) -> Outcome<Next> {
        let end = self.class_end(p)?;
        let suffix = self.pattern.get(end).copied();
        let matches = self.matches(s, p, end);
        Ok(match (suffix, matches) {
            (Some(b'?'), true) => match self.run(s + 1, end + 1)? {
                Some(found) => Next::Is(Some(found)),
                None => Next::At((s, end + 1)),
            },
            (Some(b'+'), true) => Next::Is(self.longest(s + 1, p, end)?),
            (Some(b'*'), _) => Next::Is(self.longest(s, p, end)?),
            (Some(b'-'), _) => Next::Is(self.shortest(s, p, end)?),
            (Some(b'?'), false) => Next::At((s, end + 1)),
            (_, true) => Next::At((s + 1, end)),
            (_, false) => Next::Is(None),
        })
    }

    fn longest(&mut self, s: usize, p: usize, end: usize) -> Outcome<Option<usize>> {
        let mut last = s;
        while self.matches(last, p, end) {
            self.step()?;
            last += 1;
        }
        for s in (s..=last).rev() {
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn shortest(&mut self, mut s: usize, p: usize, end: usize) -> Outcome<Option<usize>> {
        loop {
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.matches(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, length: Length) -> Outcome<Option<usize>> {
        if self.captures.len() == CAPTURES {
            return Err(malformed("too many captures"));
        }
        let count = self.captures.len();
        self.captures.push((s, length));
        let end = self.run(s, p)?;
        if end.is_none() {
            self.captures.truncate(count);
        }
        Ok(end)
    }

    fn close(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        let open = |(_, length): &(usize, Length)| *length == Length::Open;
        let Some(index) = self.captures.iter().rposition(open) else {
            return Err(malformed("invalid pattern capture"));
        };
        let start = self.captures[index].0;
        self.captures[index].1 = Length::Closed(s - start);
        let end = self.run(s, p)?;
        if end.is_none() {
            self.captures[index].1 = Length::Open;
        }
        Ok(end)
    }

    /// The end of a text that begins with one letter and ends with the other one, as many of both.
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
                letter if letter == close => depth -= 1,
                letter if letter == open => depth += 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Some(end + 1));
            }
        }
        Ok(None)
    }

    /// Where the pattern goes on behind `%f[set]`, if a text of the set begins at `s`.
    fn frontier(&mut self, s: usize, p: usize) -> Outcome<Option<usize>> {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(malformed("missing '[' after '%f' in pattern"));
        }
        let end = self.class_end(p)?;
        let letter = |at: Option<usize>| at.and_then(|at| self.text.get(at)).map_or(0, |c| *c);
        let [before, here] = [letter(s.checked_sub(1)), letter(Some(s))];
        let begins = !self.in_set(before, p, end) && self.in_set(here, p, end);
        Ok(begins.then_some(end))
    }

    /// The end of the text of an earlier capture, if it stands here once more.
    fn repeated(&mut self, s: usize, digit: u8) -> Outcome<Option<usize>> {
        let index = usize::from(digit).wrapping_sub(usize::from(b'1'));
        let (start, length) = match self.captures.get(index) {
            Some(&(start, Length::Closed(length))) => (start, length),
            // A position is no text that could stand here once more.
            Some((_, Length::Position)) => return Ok(None),
            _ => {
                let words = format!("invalid capture index %{}", char::from(digit));
                return Err(Fault::new(words));
            }
        };
        let earlier = &self.text[start..start + length];
        Ok(self.text[s..].starts_with(earlier).then_some(s + length))
    }

    /// Where the class that begins at `p` ends.
    fn class_end(&self, p: usize) -> Outcome<usize> {
        let pattern = self.pattern;
        match pattern[p] {
            ESCAPE if p + 1 == pattern.len() => Err(malformed("malformed pattern (ends with '%')")),
            ESCAPE => Ok(p + 2),
            b'[' => {
                let mut at = p + 1 + usize::from(pattern.get(p + 1) == Some(&b'^'));
                // A `]` that comes first is one of the set.
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

    /// Whether the letter at `s` is of the class from `p` to `end`.
    fn matches(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&letter) = self.text.get(s) else {
            return false;
        };
        match self.pattern[p] {
            b'.' => true,
            ESCAPE => of_class(letter, self.pattern[p + 1]),
            b'[' => self.in_set(letter, p, end),
            same => same == letter,
        }
    }

    /// Whether a letter is in the set `[...]` from `p` to `end`.
    fn in_set(&self, letter: u8, p: usize, end: usize) -> bool {
        let set = &self.pattern[p + 1..end - 1];
        let (set, negated) = match set.split_first() {
            Some((b'^', rest)) => (rest, true),
            _ => (set, false),
        };
        let mut rest = set;
        let mut found = false;
        while let Some((&first, tail)) = rest.split_first() {
            (found, rest) = match (first, tail) {
                (ESCAPE, [class, tail @ ..]) => (found || of_class(letter, *class), tail),
                (low, [b'-', high, tail @ ..]) => (found || (low..=*high).contains(&letter), tail),
                (same, tail) => (found || same == letter, tail),
            };
        }
        found != negated
    }
}

enum Next {
    /// Goes on with this text and this part of the pattern.
    At((usize, usize)),
    Is(Option<usize>),
}

/// Whether a letter is of a class such as `%a`; a capital letter means all others.
fn of_class(letter: u8, class: u8) -> bool {
    let inside = match class.to_ascii_lowercase() {
        b'a' => letter.is_ascii_alphabetic(),
        b'c' => letter.is_ascii_control(),
        b'd' => letter.is_ascii_digit(),
        b'g' => letter.is_ascii_graphic(),
        b'l' => letter.is_ascii_lowercase(),
        b'p' => letter.is_ascii_punctuation(),
        // Rust does not count the vertical tab.
        b's' => letter.is_ascii_whitespace() || letter == 0x0b,
        b'u' => letter.is_ascii_uppercase(),
        b'w' => letter.is_ascii_alphanumeric(),
        b'x' => letter.is_ascii_hexdigit(),
        _ => return class == letter,
    };
    inside != class.is_ascii_uppercase()
}

fn malformed(words: &str) -> Fault {
    Fault::new(words)
}

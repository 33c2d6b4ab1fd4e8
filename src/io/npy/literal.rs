//! The Python literal in the header of an array file: a dict with strings, booleans and tuples of
//! integers. Nothing is evaluated.

/// A value in the dict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Text(String),
    Bool(bool),
    Integers(Vec<u64>),
    /// A list: the fields of a structured array, whose contents are skipped.
    Fields,
}

/// The entries of a dict such as `{'descr': '<f8', 'shape': (3, 4), }`.
///
/// Errors: a description of what was expected
pub fn parse_dict(text: &str) -> Result<Vec<(String, Literal)>, &'static str> {
    let mut parser = Parser { rest: text };
    parser.require('{', "a dict")?;
    let mut entries = Vec::new();
    while !parser.accept('}') {
        let Literal::Text(key) = parser.literal()? else {
            return Err("a key");
        };
        parser.require(':', "a colon after a key")?;
        entries.push((key, parser.literal()?));
        if !parser.accept(',') {
            parser.require('}', "a comma or the end of the dict")?;
            break;
        }
    }
    match parser.rest.trim().is_empty() {
        true => Ok(entries),
        false => Err("no text after the dict"),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn literal(&mut self) -> Result<Literal, &'static str> {
        self.rest = self.rest.trim_start();
        // Python 2 marks texts.
        let text = self.rest.trim_start_matches(['u', 'b']);
        match text.chars().next() {
            Some(quote @ ('\'' | '"')) => {
                self.rest = &text[1..];
                self.text(quote).map(|text| Literal::Text(text.into()))
            }
            Some('(') => self.integers().map(Literal::Integers),
            Some('[') => self.skip_list().map(|()| Literal::Fields),
            _ => self.truth_value().map(Literal::Bool),
        }
    }

    fn text(&mut self, quote: char) -> Result<&'a str, &'static str> {
        let (text, rest) = self.rest.split_once(quote).ok_or("the end of a string")?;
        self.rest = rest;
        Ok(text)
    }

    fn truth_value(&mut self) -> Result<bool, &'static str> {
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("a string, a boolean or a tuple of integers")
    }

    fn integers(&mut self) -> Result<Vec<u64>, &'static str> {
        self.require('(', "a tuple")?;
        let mut integers = Vec::new();
        while !self.accept(')') {
            let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.rest.split_at(count);
            // Python 2 marks long integers.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            integers.push(digits.parse().map_err(|_| "a size below 2^64")?);
            if !self.accept(',') {
                self.require(')', "a comma or the end of the tuple")?;
                break;
            }
            self.rest = self.rest.trim_start();
        }
        Ok(integers)
    }

    /// Skips a list, whose texts may contain brackets.
    fn skip_list(&mut self) -> Result<(), &'static str> {
        let (mut depth, mut quote) = (0_usize, None);
        for (index, char) in self.rest.char_indices() {
            match (quote, char) {
                (Some(end), _) if char == end => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(char),
                (None, '[') => depth += 1,
                (None, ']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(());
            }
        }
        Err("the end of a list")
    }

    fn require(&mut self, symbol: char, expected: &'static str) -> Result<(), &'static str> {
        match self.accept(symbol) {
            true => Ok(()),
            false => Err(expected),
        }
    }

    fn accept(&mut self, symbol: char) -> bool {
        match self.rest.trim_start().strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

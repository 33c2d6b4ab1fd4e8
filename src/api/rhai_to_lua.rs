//! Translation of examples from Rhai to Lua. Doc comments contain each example once, in Rhai. The
//! translator supports the subset of Rhai that examples use: calls, methods, lists, maps, closures,
//! ranges and `let`. The doc tests run both forms of every example and fail for anything else.

use super::context::Language;

/// The example, translated to `language`.
pub fn translate(rhai: &str, language: Language) -> String {
    match language {
        Language::Rhai => rhai.to_string(),
        Language::Lua => lua(rhai),
    }
}

/// The example, translated to `language`. In Lua, where a statement cannot be an expression, the
/// last line returns its value.
pub fn translate_example(rhai: &str, language: Language) -> String {
    let text = translate(rhai, language);
    let (first, last) = match text.rsplit_once('\n') {
        Some((first, last)) => (format!("{first}\n"), last),
        None => (String::new(), text.as_str()),
    };
    let is_statement = last.starts_with("local ") || last.ends_with(';');
    match language {
        Language::Lua if !is_statement => format!("{first}return {last}"),
        _ => text,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Space(String),
    Word(String),
    Number(String),
    Text(String),
    Comment(String),
    Symbol(String),
}

/// Symbols of two or three characters, with longer symbols before their prefixes.
const LONG_SYMBOLS: [&str; 12] = [
    "..=", "#{", "::", "..", "==", "!=", "<=", ">=", "&&", "||", "**", "=>",
];

/// The construct that an open bracket starts; it determines the closing bracket in Lua.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    Map,
    List,
    Index,
    Call,
    Body,
}

/// The Lua form of Rhai source text.
fn lua(rhai: &str) -> String {
    let tokens = tokens(rhai);
    let mut writer = Writer {
        tokens: &tokens,
        at: 0,
        out: String::new(),
        open: Vec::new(),
    };
    while writer.at < tokens.len() {
        writer.step();
    }
    writer.out
}

struct Writer<'a> {
    tokens: &'a [Token],
    at: usize,
    out: String,
    open: Vec<Open>,
}

impl Writer<'_> {
    /// Writes the Lua form of the next token, or of the construct that starts at it.
    fn step(&mut self) {
        let token = self.tokens[self.at].clone();
        let previous = self.previous();
        self.at += 1;
        match token {
            Token::Space(space) => self.out.push_str(&space),
            Token::Text(text) => self.out.push_str(&text),
            Token::Comment(comment) => self.out.push_str(&comment.replacen("//", "--", 1)),
            Token::Number(number) => self.operand(number.replace('_', "")),
            Token::Word(word) => self.word(&word),
            Token::Symbol(symbol) => self.symbol(&symbol, previous),
        }
    }

    /// The previous token that is not white space.
    fn previous(&self) -> Option<Token> {
        let mut earlier = self.tokens[..self.at].iter().rev();
        earlier
            .find(|token| !matches!(token, Token::Space(_)))
            .cloned()
    }

    /// The next token that is not white space, and its index.
    fn peek(&self) -> Option<(usize, &Token)> {
        let rest = self.tokens.iter().enumerate().skip(self.at);
        rest.into_iter()
            .find(|(_, token)| !matches!(token, Token::Space(_)))
    }

    fn next_is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some((_, Token::Symbol(next))) if next == symbol)
    }

    fn word(&mut self, word: &str) {
        match word {
            "let" | "const" => self.out.push_str("local"),
            name if self.open.last() == Some(&Open::Map) && self.next_is(":") => {
                self.out.push_str(name);
                self.out.push_str(" =");
                self.at = self.peek().map_or(self.at, |(at, _)| at + 1);
            }
            name => self.operand(name.to_string()),
        }
    }

    /// Writes a number or a name, or the range that starts with it.
    fn operand(&mut self, from: String) {
        let Some((at, Token::Symbol(dots))) = self.peek() else {
            return self.out.push_str(&from);
        };
        let inclusive = match dots.as_str() {
            ".." => false,
            "..=" => true,
            _ => return self.out.push_str(&from),
        };
        match self.tokens.get(at + 1) {
            Some(Token::Number(to) | Token::Word(to)) => {
                let to = match inclusive {
                    false => to.clone(),
                    true => to
                        .parse::<i64>()
                        .map_or(format!("{to} + 1"), |to| (to + 1).to_string()),
                };
                self.out.push_str(&format!("{{from = {from}, to = {to}}}"));
                self.at = at + 2;
            }
            _ => self.out.push_str(&from),
        }
    }

    fn symbol(&mut self, symbol: &str, previous: Option<Token>) {
        let ends_value = matches!(
            &previous,
            Some(Token::Word(_) | Token::Number(_) | Token::Text(_))
        ) || matches!(&previous, Some(Token::Symbol(s)) if s == ")" || s == "]" || s == "}");
        match symbol {
            "#{" => self.push(Open::Map, "{"),
            "[" if ends_value => self.push(Open::Index, "["),
            "[" => self.push(Open::List, "{"),
            "(" => self.push(Open::Call, "("),
            "{" => self.push(Open::Body, "{"),
            "]" | "}" | ")" => self.close(symbol),
            "::" => self.out.push('.'),
            // Rhai calls a closure in a variable as `f.call(x)`, Lua as `f(x)`.
            "." if self.calls_method() && self.is_next("call") => self.at += 1,
            "." if self.calls_method() => self.out.push(':'),
            "!=" => self.out.push_str("~="),
            "&&" => self.out.push_str("and"),
            "**" => self.out.push('^'),
            "!" => self.out.push_str("not "),
            "||" if ends_value => self.out.push_str("or"),
            "||" => self.closure(Vec::new()),
            "|" if !ends_value => {
                let mut names = Vec::new();
                while let Some(token) = self.tokens.get(self.at) {
                    self.at += 1;
                    match token {
                        Token::Symbol(bar) if bar == "|" => break,
                        Token::Word(name) => names.push(name.clone()),
                        _ => {}
                    }
                }
                self.closure(names);
            }
            other => self.out.push_str(other),
        }
    }

    fn push(&mut self, open: Open, bracket: &str) {
        self.open.push(open);
        self.out.push_str(bracket);
    }

    fn close(&mut self, bracket: &str) {
        let closed = match self.open.pop() {
            Some(Open::List | Open::Map) => "}",
            Some(Open::Index) => "]",
            _ => bracket,
        };
        self.out.push_str(closed);
    }

    /// Whether a name and an open parenthesis follow the dot.
    fn calls_method(&self) -> bool {
        let opens = |token: Option<&Token>| matches!(token, Some(Token::Symbol(s)) if s == "(");
        matches!(self.tokens.get(self.at), Some(Token::Word(_)))
            && opens(self.tokens.get(self.at + 1))
    }

    fn is_next(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(next)) if next == word)
    }

    /// Writes a closure `|names| body` whose parameter list is already consumed.
    fn closure(&mut self, names: Vec<String>) {
        self.out
            .push_str(&format!("function({}) ", names.join(", ")));
        let (start, _) = self
            .peek()
            .unwrap_or((self.at, &Token::Space(String::new())));
        self.at = start;
        let block = matches!(&self.tokens[start..], [Token::Symbol(s), ..] if s == "{");
        let end = self.end_of_body(start, block);
        let inner: String = self.tokens[start + usize::from(block)..end]
            .iter()
            .map(text)
            .collect();
        let statements: Vec<&str> = inner.trim().split_inclusive(';').collect();
        let (last, first) = statements
            .split_last()
            .map_or(("", &[][..]), |(l, f)| (*l, f));
        for statement in first {
            self.out.push_str(&lua(statement));
        }
        let keyword = if last.trim_end().ends_with(';') {
            ""
        } else {
            " return "
        };
        self.out
            .push_str(&format!("{}{} end", keyword.trim_start(), lua(last.trim())));
        self.at = end + usize::from(block);
    }

    /// The index at which the closure body that starts at `start` ends: at the closing bracket of
    /// its block, or at the comma, semicolon or bracket after its expression.
    fn end_of_body(&self, start: usize, block: bool) -> usize {
        let mut depth = 0i32;
        for (at, token) in self.tokens.iter().enumerate().skip(start) {
            let Token::Symbol(symbol) = token else {
                continue;
            };
            match symbol.as_str() {
                "(" | "[" | "{" | "#{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => return at,
                ")" | "]" | "}" => {
                    depth -= 1;
                    if block && depth == 0 {
                        return at;
                    }
                }
                "," | ";" if depth == 0 => return at,
                _ => {}
            }
        }
        self.tokens.len()
    }
}

/// The source text of a token.
fn text(token: &Token) -> &str {
    match token {
        Token::Space(text)
        | Token::Word(text)
        | Token::Number(text)
        | Token::Text(text)
        | Token::Comment(text)
        | Token::Symbol(text) => text,
    }
}

fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (token, length) = token(rest, first);
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

/// The first token of `rest`, and its length in bytes.
fn token(rest: &str, first: char) -> (Token, usize) {
    let prefix_length = |keep: &dyn Fn(char) -> bool| rest.find(|c| !keep(c)).unwrap_or(rest.len());
    let word = |c: char| c.is_alphanumeric() || c == '_';
    if first.is_whitespace() {
        let length = prefix_length(&char::is_whitespace);
        return (Token::Space(rest[..length].into()), length);
    }
    if rest.starts_with("//") {
        let length = prefix_length(&|c| c != '\n');
        return (Token::Comment(rest[..length].into()), length);
    }
    if first.is_ascii_digit() {
        let length = number_length(rest);
        return (Token::Number(rest[..length].into()), length);
    }
    if word(first) {
        let length = prefix_length(&word);
        return (Token::Word(rest[..length].into()), length);
    }
    if first == '"' {
        let closing = rest.bytes().enumerate().skip(1);
        let mut escaped = false;
        for (at, byte) in closing {
            match byte {
                b'"' if !escaped => return (Token::Text(rest[..=at].into()), at + 1),
                b'\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
    }
    let long = LONG_SYMBOLS.iter().find(|long| rest.starts_with(**long));
    let length = long.map_or(first.len_utf8(), |long| long.len());
    (Token::Symbol(rest[..length].into()), length)
}

/// The length of a number: digits, a fraction if a digit follows the dot, and an exponent.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digit = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_digit() || *b == b'_')
    };
    let skip = |mut at: usize| {
        while digit(at) {
            at += 1;
        }
        at
    };
    let mut at = skip(0);
    if bytes.get(at) == Some(&b'.') && digit(at + 1) {
        at = skip(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
        if digit(at + 1 + sign) {
            at = skip(at + 1 + sign);
        }
    }
    at
}

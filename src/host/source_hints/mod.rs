//! Hints from the source text of a script: syntax of other languages, variables that a function
//! cannot access, undeclared variables, misspelt names and entries of maps.
//!
//! The parsers of Rhai and Lua stop at a token that they do not expect, and do not know why it is
//! there. The text before and after it often shows what the user intended.

mod entries;
mod functions;
mod globals;
mod imports;
mod other_language;
mod pattern;
mod scopes;
mod tokens;

use self::other_language::Position;
use self::tokens::{Token, tokens};
use super::lexer::TokenKind;
use super::script_host::REPL_FILE;
use super::source;
use crate::api::context::{Language, Script};
use crate::api::diagnostic::{Cause, Diagnostic};

pub use globals::Globals;
pub use other_language::global_hint;

/// The diagnostic of an error in `script`, with a hint from the source text if there is one.
pub fn explain(
    language: Language,
    script: &Script,
    diagnostic: Diagnostic,
    globals: &Globals,
) -> Diagnostic {
    let Some(location) = diagnostic.location.clone() else {
        return diagnostic;
    };
    let text = source::text(script, &location.file);
    let Some(line_text) = source::line(&text, location.line) else {
        return diagnostic;
    };
    if diagnostic.cause != Cause::Script {
        return diagnostic;
    }
    let tokens = tokens(&text, language);
    let symbol = diagnostic.symbol.as_deref();
    let column = location
        .column
        .or_else(|| source::column_of(line_text, symbol?));
    let error = SourceError {
        language,
        file: &location.file,
        text: &text,
        tokens: &tokens,
        line: location.line,
        column,
    };
    let diagnostic = match error.syntax_hint(&diagnostic.message) {
        Some(hint) => return diagnostic.hint(hint),
        None if language == Language::Rhai => imports::explain(script, &tokens, diagnostic),
        None => diagnostic,
    };
    error.explain_names(diagnostic, globals)
}

/// Whether the text explains a syntax error in an interactive input, so that more lines cannot
/// complete it.
pub fn is_conclusive(language: Language, script: &Script, diagnostic: Diagnostic) -> bool {
    let before = diagnostic.hint.clone();
    let globals = Globals {
        is_variable: &|_| false,
        entries: &|_| None,
    };
    explain(language, script, diagnostic, &globals).hint != before
}

/// An error in the text of a script.
struct SourceError<'a> {
    language: Language,
    file: &'a str,
    text: &'a str,
    tokens: &'a [Token<'a>],
    line: usize,
    column: Option<usize>,
}

impl SourceError<'_> {
    /// The hint for syntax of another language, or for a missing semicolon.
    fn syntax_hint(&self, message: &str) -> Option<String> {
        // Their hints name the method of tensors, or the functions of a module.
        if message.starts_with("no method has the name") || message.ends_with("is not a variable") {
            return None;
        }
        let line = self.line_tokens(self.line);
        if let Some(hint) = self.long_text_hint(line, message) {
            return Some(hint);
        }
        let position = match self.column {
            Some(column) => Position::Column(column),
            None => Position::Near(parser_token(message)?),
        };
        let hint = other_language::hint(self.language, self.file, line, position);
        hint.or_else(|| match self.language {
            Language::Rhai => self.semicolon_hint(message),
            Language::Lua => self.late_hint(position),
        })
    }

    /// The hint for `[[1, 2], [3, 4]]`, which is a text in Lua.
    fn long_text_hint(&self, line: &[Token], message: &str) -> Option<String> {
        let is_list = |token: &Token| token.kind == TokenKind::Str && token.text.starts_with("[[");
        let is_text = self.language == Language::Lua && message.contains("found a text");
        (is_text && line.iter().any(is_list))
            .then(|| "`[[ .. ]]` is a text in Lua: a list of lists is {{1, 2}, {3, 4}}".into())
    }

    /// The tokens of a line.
    fn line_tokens(&self, line: usize) -> &[Token<'_>] {
        let start = self.tokens.partition_point(|token| token.line < line);
        let end = self.tokens.partition_point(|token| token.line <= line);
        &self.tokens[start..end]
    }

    /// The hint for a statement before an error of the Lua parser.
    fn late_hint(&self, position: Position) -> Option<String> {
        let Position::Near(_) = position else {
            return None;
        };
        let lines = (1..self.line).rev();
        lines
            .map(|line| self.line_tokens(line))
            .find_map(|line| other_language::late_hint(self.file, line))
    }

    /// The hint for a statement without a semicolon, after which a new line begins.
    fn semicolon_hint(&self, message: &str) -> Option<String> {
        let at = self.token_at_error()?;
        let before = &self.tokens[at.checked_sub(1)?];
        if !message.starts_with("expecting ';'") || before.line == self.line {
            return None;
        }
        let rest = self.text[before.span.end..].lines().next()?.trim();
        Some(match rest.starts_with("//") && rest.ends_with(';') {
            true => "`//` begins a comment; floor_divide(a, b) divides and rounds down".into(),
            false => format!("add `;` to the end of line {}", before.line),
        })
    }

    /// The index of the token at the error.
    fn token_at_error(&self) -> Option<usize> {
        let column = self.column?;
        self.tokens
            .iter()
            .position(|token| token.line == self.line && token.column == column)
    }

    /// The hint for a variable of a session in a function of an earlier input.
    fn explain_session_variable(&self, diagnostic: Diagnostic, globals: &Globals) -> Diagnostic {
        let name = diagnostic.message.strip_prefix('`');
        let name = name.and_then(|name| name.strip_suffix("` is not defined"));
        match name.filter(|name| self.file == REPL_FILE && (globals.is_variable)(name)) {
            Some(name) => {
                let hint = format!(
                    "a function cannot access variables outside it: pass `{name}` as an argument, \
                     or write a closure, let f = |x| ..; and call it with f.call(..)"
                );
                diagnostic.hint(hint)
            }
            None => diagnostic,
        }
    }

    /// The hint for an undefined name or a missing entry.
    fn explain_names(&self, diagnostic: Diagnostic, globals: &Globals) -> Diagnostic {
        let Some(at) = self.token_at_error() else {
            return self.explain_session_variable(diagnostic, globals);
        };
        let name = self.tokens[at].text;
        if diagnostic.message == format!("`{name}` is not defined") {
            return scopes::explain_name(self.language, self.tokens, at, diagnostic, globals);
        }
        let is_entry = diagnostic.message.starts_with("the map has no entry");
        match is_entry
            .then(|| entries::hint(self.tokens, at, globals))
            .flatten()
        {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

/// The token in a message of the Lua parser, such as `syntax error near 'x'`; `None` within for the
/// end of the script.
fn parser_token(message: &str) -> Option<Option<&str>> {
    let (_, token) = message.rsplit_once(" near ")?;
    match token {
        "<eof>" => Some(None),
        token => Some(Some(token.strip_prefix('\'')?.strip_suffix('\'')?)),
    }
}

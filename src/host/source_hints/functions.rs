//! The named functions of a Rhai script, and calls of them with the wrong number of arguments.

use std::ops::Range;

use super::tokens::{Token, closing};
use crate::api::diagnostic::Diagnostic;

/// A named function of a Rhai script.
pub struct ScriptFunction<'a> {
    pub name: &'a str,
    pub parameters: Vec<&'a str>,
    /// The tokens from `fn` to the closing brace.
    pub tokens: Range<usize>,
}

/// The named functions of a Rhai script.
pub fn functions<'a>(tokens: &[Token<'a>]) -> Vec<ScriptFunction<'a>> {
    let function = |at: usize| {
        let [keyword, name, open] = tokens.get(at..at + 3)? else {
            return None;
        };
        let is_function = keyword.is("fn") && name.is_name() && open.is("(");
        let close = closing(tokens, at + 2).filter(|_| is_function)?;
        let body = tokens.get(close + 1).filter(|token| token.is("{"));
        let end = body.and_then(|_| closing(tokens, close + 1));
        let parameters = tokens[at + 3..close].iter().filter(|token| token.is_name());
        Some(ScriptFunction {
            name: name.text,
            parameters: parameters.map(|token| token.text).collect(),
            tokens: at..end.unwrap_or(tokens.len()),
        })
    };
    (0..tokens.len()).filter_map(function).collect()
}

/// The error for a call, at token `at`, of one of the functions with the wrong number of arguments;
/// `module` is the prefix of its name.
pub fn wrong_arguments(
    functions: &[ScriptFunction],
    tokens: &[Token],
    at: usize,
    (module, diagnostic): (&str, &Diagnostic),
) -> Option<Diagnostic> {
    let function = functions
        .iter()
        .find(|function| function.name == tokens[at].text)?;
    tokens.get(at + 1).filter(|token| token.is("("))?;
    let found = count_arguments(tokens, at + 1)?;
    let expected = function.parameters.len();
    if found == expected {
        return None;
    }
    let (name, plural) = (function.name, if expected == 1 { "" } else { "s" });
    let message = format!("{module}{name}: expected {expected} argument{plural}, found {found}");
    let parameters = function.parameters.join(", ");
    let signature = format!("the function is {module}{name}({parameters})");
    Some(Diagnostic {
        message,
        ..diagnostic.clone().hint(signature)
    })
}

/// The number of arguments of a call whose parenthesis is at token `open`.
fn count_arguments(tokens: &[Token], open: usize) -> Option<usize> {
    let close = closing(tokens, open)?;
    let mut count = usize::from(close > open + 1);
    let mut at = open + 1;
    while at < close {
        if tokens[at].is(",") && at + 1 < close {
            count += 1;
        }
        // A closure separates its parameters by commas.
        if tokens[at].is("|") && ["(", ",", "="].contains(&tokens[at - 1].text) {
            at += tokens[at + 1..close]
                .iter()
                .position(|token| token.is("|"))?
                + 1;
        }
        at = match closing(tokens, at) {
            Some(end) if ["(", "[", "{", "#{"].contains(&tokens[at].text) => end + 1,
            _ => at + 1,
        };
    }
    Some(count)
}

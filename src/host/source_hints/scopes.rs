//! Hints for names that a script does not define, from the declarations in its text.

use super::functions::{ScriptFunction, functions, wrong_arguments};
use super::globals::Globals;
use super::tokens::{Token, closing};
use crate::api::context::Language;
use crate::api::diagnostic::Diagnostic;
use crate::base::error::nearest;

/// Minimum length of a misspelt name: shorter names are similar to too many others.
const MIN_LENGTH: usize = 3;

/// The diagnostic for the undefined name at token `at`, with a hint from the text of the script.
pub fn explain_name(
    language: Language,
    tokens: &[Token],
    at: usize,
    diagnostic: Diagnostic,
    globals: &Globals,
) -> Diagnostic {
    if language == Language::Rhai {
        let functions = functions(tokens);
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text);
        let wrong = wrong_arguments(&functions, tokens, at, ("", &diagnostic));
        if let Some(diagnostic) = wrong.filter(|_| ![".", "::", "fn"].contains(&before)) {
            return diagnostic;
        }
        if let Some(hint) = outer_variable(&functions, tokens, at, globals) {
            return diagnostic.hint(hint);
        }
        if let Some(hint) = undeclared(tokens, at, &diagnostic) {
            return diagnostic.hint(hint);
        }
    }
    match similar(language, tokens, at, diagnostic.hint.as_deref()) {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`?")),
        None => diagnostic,
    }
}

/// The hint for a variable outside the function that contains token `at`.
fn outer_variable(
    functions: &[ScriptFunction],
    tokens: &[Token],
    at: usize,
    globals: &Globals,
) -> Option<String> {
    let name = tokens[at].text;
    let function = functions
        .iter()
        .find(|function| function.tokens.contains(&at))?;
    let is_outside = |at: &usize| !functions.iter().any(|other| other.tokens.contains(at));
    let declaration = declarations(tokens, Language::Rhai)
        .find(|declaration| is_outside(declaration) && tokens[*declaration].text == name);
    if declaration.is_none() && !(globals.is_variable)(name) {
        return None;
    }
    let before = declaration.and_then(|declaration| declaration.checked_sub(1));
    let constant = before.filter(|before| tokens[*before].is("const"));
    let global = match constant {
        Some(_) => {
            format!(", or write global::{name} in a function that only the script itself calls")
        }
        None => String::new(),
    };
    let function_name = function.name;
    let parameters = [function.parameters.join(", "), name.to_string()];
    let parameters: Vec<&str> = parameters
        .iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let parameters = parameters.join(", ");
    let closure = function.parameters.join(", ");
    Some(format!(
        "a function cannot access variables outside it: pass `{name}` as an argument, \
         fn {function_name}({parameters}); or write a closure, \
         let {function_name} = |{closure}| ..; and call it with {function_name}.call(..){global}"
    ))
}

/// The hint for an assignment to a variable that is not declared.
fn undeclared(tokens: &[Token], at: usize, diagnostic: &Diagnostic) -> Option<String> {
    let name = &tokens[at];
    let is_start = at.checked_sub(1).is_none_or(|before| {
        let before = &tokens[before];
        before.line < name.line || [";", "{", "}"].contains(&before.text)
    });
    let end = target_end(tokens, at)?;
    let operator = tokens.get(end)?;
    let is_assignment = ["=", "+=", "-=", "*=", "**="].contains(&operator.text);
    if !is_start || !is_assignment {
        return None;
    }
    let declaration = match (tokens.get(at + 1)?.text, operator.text) {
        ("=", _) => format!("let {} = {}", name.text, value_text(tokens, end)),
        (".", _) => format!("let {} = #{{}};", name.text),
        ("[", _) => format!("let {} = #{{}}; for a map, or a list", name.text),
        _ => format!("let {} = 0;", name.text),
    };
    let other = similar(Language::Rhai, tokens, at, diagnostic.hint.as_deref());
    let other = other.map_or(String::new(), |other| format!("did you mean `{other}`? "));
    Some(format!(
        "{other}declare a new variable with `let`: {declaration}"
    ))
}

/// The token after the target of an assignment: a name with entries and elements.
fn target_end(tokens: &[Token], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        end = match tokens.get(end)?.text {
            "." => end + 2,
            "[" => closing(tokens, end)? + 1,
            _ => return Some(end),
        };
    }
}

/// The text of a short value that follows the token `equals`.
fn value_text(tokens: &[Token], equals: usize) -> String {
    /// Maximum number of tokens of the value in a hint.
    const MAX_TOKENS: usize = 3;
    let line = tokens[equals].line;
    let rest = tokens[equals + 1..].iter();
    let value: Vec<&str> = rest
        .take_while(|token| token.line == line && token.text != ";")
        .map(|token| token.text)
        .collect();
    match value.len() {
        1..=MAX_TOKENS => format!("{};", value.join(" ")),
        _ => "..;".into(),
    }
}

/// The tokens of declared names: variables, functions and loop variables.
fn declarations(tokens: &[Token], language: Language) -> impl Iterator<Item = usize> {
    (0..tokens.len()).filter(move |at| {
        let before = |count: usize| at.checked_sub(count).map_or("", |at| tokens[at].text);
        let next = tokens.get(at + 1).map_or("", |token| token.text);
        let keyword = match language {
            Language::Rhai => ["let", "const", "for"].contains(&before(1)),
            Language::Lua => ["local", "for"].contains(&before(1)),
        };
        let in_list = match language {
            Language::Rhai => {
                before(1) == "(" && before(2) == "for" || next == ")" && before(4) == "for"
            }
            Language::Lua => {
                before(1) == "," && ["local", "for"].contains(&before(3))
                    || next == "=" && ![".", ",", "{", ";"].contains(&before(1))
            }
        };
        tokens[*at].is_name() && (keyword || in_list)
    })
}

/// The declared name that is most similar to that at token `at`, unless the hint names a name of
/// the vocabulary that is more similar.
fn similar<'a>(
    language: Language,
    tokens: &[Token<'a>],
    at: usize,
    hint: Option<&str>,
) -> Option<&'a str> {
    let name = tokens[at].text;
    if name.len() < MIN_LENGTH {
        return None;
    }
    let is_function = |at: usize| at > 0 && ["fn", "function"].contains(&tokens[at - 1].text);
    let functions = (0..tokens.len()).filter(|at| is_function(*at));
    let all = declarations(tokens, language).chain(functions);
    let declared: Vec<&str> = all
        .map(|at| tokens[at].text)
        .filter(|other| *other != name)
        .collect();
    let known = match hint {
        None => None,
        Some(hint) => Some(hint.strip_prefix("did you mean `")?.strip_suffix("`?")?),
    };
    let nearest = nearest(name, declared.iter().copied().chain(known))?;
    declared.into_iter().find(|declared| *declared == nearest)
}

//! Texts for users of Lua: documentation and error messages, which are written once, with the code
//! of Rhai.

use super::context::Language;
use super::rhai_to_lua::translate;

/// A name or a signature with the separator of the language: `rnn::gru` or `rnn.gru`.
pub fn translate_names(name: &str, language: Language) -> String {
    match language {
        Language::Rhai => name.into(),
        Language::Lua => name.replace("::", "."),
    }
}

/// The text with the code between backticks translated to `language`.
pub fn translate_text(text: &str, language: Language) -> String {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        if at % 2 == 0 || language == Language::Rhai {
            return part.into();
        }
        let is_code = CODE.iter().any(|mark| part.contains(mark)) && !part.contains("**");
        match named_option(part) {
            Some((name, value)) => format!("{name} = {}", translate(value, Language::Lua)),
            None if is_code => translate(part, Language::Lua),
            None => part.into(),
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// An error message or hint with the names of functions, and the options and maps between
/// backticks, in the form of Lua. `modules` are the names of the script modules. Other code is
/// unchanged: most hints that show calls are written for the language of the script.
pub fn translate_message(text: &str, modules: &[&str]) -> String {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        match named_option(part).filter(|_| at % 2 == 1) {
            Some((name, value)) => format!("{name} = {}", translate(value, Language::Lua)),
            None if at % 2 == 1 && part.contains("#{") => translate(part, Language::Lua),
            None => replace_paths(part, modules),
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// The text with `::` after the name of a module replaced by a dot.
fn replace_paths(text: &str, modules: &[&str]) -> String {
    let mut parts = text.split("::").peekable();
    let mut out = String::new();
    while let Some(part) = parts.next() {
        out.push_str(part);
        let Some(next) = parts.peek() else { break };
        let is_path = modules.iter().any(|module| {
            let before = out.strip_suffix(module);
            before
                .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let is_path = is_path && next.starts_with(|c: char| c.is_ascii_alphabetic());
        out.push_str(if is_path { "." } else { "::" });
    }
    out
}

/// The name and the value of an option with a literal value, such as `resume: false`.
fn named_option(code: &str) -> Option<(&str, &str)> {
    let (name, value) = code.split_once(": ")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_literal = value.starts_with(|c: char| c.is_ascii_digit() || "\"-[#|".contains(c))
        || ["true", "false"].contains(&value);
    (is_name && is_literal).then_some((name, value))
}

/// What distinguishes Rhai from Lua in the code of a text: paths, maps and calls of methods.
const CODE: [&str; 3] = ["::", "#{", "("];

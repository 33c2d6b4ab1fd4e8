//! Hints for names of imported Rhai scripts: `import "file" as name;`.

use super::super::source;
use super::functions::{functions, wrong_arguments};
use super::tokens::{Token, tokens};
use crate::api::context::{Language, Script};
use crate::api::diagnostic::Diagnostic;
use crate::base::error::nearest;

/// The diagnostic of an error about a name of an imported script.
pub fn explain(script: &Script, text: &[Token], diagnostic: Diagnostic) -> Diagnostic {
    let Some(location) = &diagnostic.location else {
        return diagnostic;
    };
    let column = location.column.unwrap_or_default();
    let is_here = |token: &Token| token.line == location.line && token.column == column;
    let Some(at) = text.iter().position(is_here) else {
        return diagnostic;
    };
    let name = text[at].text;
    if diagnostic.message == format!("`{name}` is not defined") {
        return match module_hint(text, at) {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        };
    }
    let unknown = unknown_function(script, text, (at, name), &diagnostic);
    unknown.unwrap_or(diagnostic)
}

/// The file and the name of each import.
fn imports<'a>(text: &[Token<'a>]) -> Vec<(&'a str, Option<&'a str>)> {
    let import = |at: usize| {
        let (keyword, file) = (&text[at], text.get(at + 1)?);
        let is_import = keyword.is("import") && file.text.starts_with('"');
        let has_name = text.get(at + 2).is_some_and(|token| token.is("as"));
        let name = text.get(at + 3).filter(|_| has_name);
        is_import.then(|| (file.text.trim_matches('"'), name.map(|token| token.text)))
    };
    (0..text.len()).filter_map(import).collect()
}

/// The hint for the undefined name at a token that is the name of an imported script.
fn module_hint(text: &[Token], at: usize) -> Option<String> {
    let (name, next) = (text[at].text, text.get(at + 1)?);
    let mut imports = imports(text).into_iter();
    match next.text {
        "." => {
            let member = text.get(at + 2)?.text;
            let is_module = imports.any(|(_, module)| module == Some(name));
            is_module.then(|| format!("`{name}` is an imported script: write {name}::{member}"))
        }
        "::" => {
            let without_name = imports.any(|(file, module)| file == name && module.is_none());
            without_name.then(|| format!("write import \"{name}\" as {name};"))
        }
        _ => None,
    }
}

/// The error for a function that an imported script does not have, or has with another number of
/// parameters.
fn unknown_function(
    script: &Script,
    text: &[Token],
    (at, name): (usize, &str),
    diagnostic: &Diagnostic,
) -> Option<Diagnostic> {
    let module = text.get(at.checked_sub(2)?)?.text;
    if diagnostic.message != format!("module `{module}` has no function `{name}`") {
        return None;
    }
    let mut imports = imports(text).into_iter();
    let (file, _) = imports.find(|(_, alias)| *alias == Some(module))?;
    let path = script.folder().join(file).with_extension("rhai");
    let content = source::text(script, &path.display().to_string());
    let content = tokens(&content, Language::Rhai);
    let functions = functions(&content);
    let prefix = format!("{module}::");
    if let Some(wrong) = wrong_arguments(&functions, text, at, (&prefix, diagnostic)) {
        return Some(wrong);
    }
    let names: Vec<&str> = functions.iter().map(|function| function.name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the functions of {file} are {}", names.join(", ")),
    };
    (!names.is_empty()).then(|| diagnostic.clone().hint(hint))
}

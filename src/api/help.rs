//! The reference of a function, a method, a module or a kind of object, as text for a terminal.

use super::context::Language;
use super::diagnostic::Diagnostic;
use super::doc_comment::{join_lines, parse_doc, summary};
use super::native::{Module, Native, suggest};
use super::{lua_texts, overview, rhai_to_lua, semantics};
use crate::base::options::Field;

/// The page about numbers in both languages.
const SEMANTICS: &str = "semantics";

/// The reference of `name` in the vocabulary `modules`; an overview if the name is empty.
///
/// Errors: an unknown name, with a suggestion
pub fn lookup(modules: &[Module], name: &str, language: Language) -> Result<String, Diagnostic> {
    let natives: Vec<&Native> = modules.iter().flat_map(|module| &module.natives).collect();
    let path = name.trim().replace("::", ".").replace(':', ".");
    if path.is_empty() {
        return Ok(overview::page(modules, language));
    }
    if path == SEMANTICS {
        return Ok(semantics::page());
    }
    let is_exact = |native: &&Native| native.path().replace("::", ".") == path;
    let named = natives.iter().copied();
    let named = named.filter(|native| native.name == path || is_exact(native));
    let (exact, others): (Vec<&Native>, Vec<&Native>) = named.partition(is_exact);
    let mut entries: Vec<String> = exact.iter().map(|native| entry(native, language)).collect();
    entries.extend(module(modules, &path, language));
    entries.extend(kind(&path, &natives, language));
    if entries.is_empty() {
        entries.extend(others.iter().map(|native| entry(native, language)));
    } else if !others.is_empty() {
        let paths = others.iter().map(|native| {
            format!(
                "help(\"{}\")",
                lua_texts::translate_names(&native.path(), language)
            )
        });
        entries.push(format!("See also {}", paths.collect::<Vec<_>>().join(", ")));
    }
    if entries.is_empty() {
        return Err(unknown_name_error(name, &natives));
    }
    Ok(entries.join("\n\n"))
}

/// The error for a name that is neither a function, a method, a module nor a kind.
fn unknown_name_error(name: &str, natives: &[&Native]) -> Diagnostic {
    let diagnostic = Diagnostic::new(format!("help: nothing has the name `{name}`"));
    let paths: Vec<String> = natives.iter().map(|native| native.path()).collect();
    let known = natives.iter().map(|native| native.name);
    let known = known.chain(natives.iter().map(|native| native.module));
    let known = known.chain([SEMANTICS]);
    match suggest(name, known.chain(paths.iter().map(String::as_str))) {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic.hint("help() lists everything"),
    }
}

/// The reference of a module.
fn module(modules: &[Module], name: &str, language: Language) -> Option<String> {
    let parts: Vec<_> = modules
        .iter()
        .filter(|m| !name.is_empty() && m.name == name)
        .collect();
    let first = parts.first()?;
    let functions = parts
        .iter()
        .flat_map(|m| &m.natives)
        .filter(|native| native.owner().is_none());
    let rows: Vec<String> = functions.map(|native| row(native, language)).collect();
    let doc = join_lines(&first.doc.lines().collect::<Vec<_>>());
    Some(format!("module {name}: {doc}\n\n{}", rows.join("\n")))
}

/// The list of the methods of one kind of object.
fn kind(name: &str, natives: &[&Native], language: Language) -> Option<String> {
    let rows: Vec<String> = natives
        .iter()
        .filter(|native| native.owner() == Some(name))
        .map(|native| row(native, language))
        .collect();
    (!rows.is_empty()).then(|| format!("Methods of {name}:\n\n{}", rows.join("\n")))
}

fn row(native: &Native, language: Language) -> String {
    let signature = lua_texts::translate_names(&native.signature(), language);
    format!("  {signature:<44} {}", summary(&native.doc))
}

fn entry(native: &Native, language: Language) -> String {
    let doc = parse_doc(native);
    let mut text = format!(
        "{} -> {}\n\n{}",
        lua_texts::translate_names(&native.signature(), language),
        native.returns,
        lua_texts::translate_text(&doc.text, language)
    );
    let args: Vec<String> = native
        .args
        .iter()
        .filter(|arg| arg.name != "this" && arg.options.is_empty())
        .map(|arg| {
            let optional = if arg.optional { ", optional" } else { "" };
            format!("  {:<12} {}{optional}", arg.name, arg.kind)
        })
        .collect();
    if !args.is_empty() {
        text.push_str(&format!("\n\narguments:\n{}", args.join("\n")));
    }
    if !native.options().is_empty() {
        let fields = native.options().iter();
        let rows: Vec<String> = fields.map(|field| option(field, language)).collect();
        text.push_str(&format!("\n\noptions:\n{}", rows.join("\n")));
    }
    if !doc.example.is_empty() {
        let example = rhai_to_lua::translate_example(&doc.example, language).replace('\n', "\n  ");
        text.push_str(&format!("\n\nexample:\n  {example}"));
        if let Some(shown) = doc.output {
            text.push_str(&format!("\n  = {}", shown.replace('\n', "\n    ")));
        }
    }
    text
}

fn option(field: &Field, language: Language) -> String {
    let doc = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let doc = lua_texts::translate_text(&doc, language);
    let summary = lua_texts::translate_names(&field.summary(), language);
    format!("  {:<12} {doc} ({summary})", field.name)
}

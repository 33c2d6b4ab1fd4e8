//! The reference of a function, a method, a module or a kind of object, as text for a terminal.

use std::collections::BTreeSet;

use super::context::Language;
use super::diagnostic::Diagnostic;
use super::native::{Module, Native, suggest};
use super::{rhai_to_lua, semantics};
use crate::base::options::Field;

/// The page about numbers in both languages.
const SEMANTICS: &str = "semantics";

/// The parsed doc comment of a native function.
pub struct Doc {
    /// The text without the example.
    pub text: String,
    /// The example in Rhai; empty if the doc comment has no example.
    pub example: String,
    /// The printed value of the last expression of the example.
    pub output: Option<String>,
}

/// Splits a doc comment into text (with joined lines), example (`> `) and output (`= `).
pub fn parse_doc(native: &Native) -> Doc {
    let (mut text, mut example, mut output) = (String::new(), Vec::new(), Vec::new());
    for line in native.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(code) = line.strip_prefix("> ") {
            example.push(code);
        } else if let Some(shown) = line.strip_prefix("= ") {
            output.push(shown);
        } else if line.trim().is_empty() {
            text.push_str("\n\n");
        } else {
            let needs_space = !text.is_empty() && !text.ends_with('\n');
            text.push_str(if needs_space { " " } else { "" });
            text.push_str(line.trim_end());
        }
    }
    let output = (!output.is_empty()).then(|| output.join("\n"));
    Doc {
        text: text.trim().into(),
        example: example.join("\n"),
        output,
    }
}

/// The reference of `name` in the vocabulary `modules`; an overview if the name is empty.
///
/// Errors: an unknown name, with a suggestion
pub fn lookup(modules: &[Module], name: &str, language: Language) -> Result<String, Diagnostic> {
    let natives: Vec<&Native> = modules.iter().flat_map(|module| &module.natives).collect();
    let path = name.trim().replace("::", ".").replace(':', ".");
    if path.is_empty() {
        return Ok(overview(modules, &natives));
    }
    if path == SEMANTICS {
        return Ok(semantics::page());
    }
    let is_exact = |native: &&Native| native.path().replace("::", ".") == path;
    let named = natives.iter().copied();
    let named = named.filter(|native| native.name == path || is_exact(native));
    let (exact, others): (Vec<&Native>, Vec<&Native>) = named.partition(is_exact);
    let mut entries: Vec<String> = exact.iter().map(|native| entry(native, language)).collect();
    entries.extend(module(modules, &path));
    entries.extend(kind(&path, &natives));
    if entries.is_empty() {
        entries.extend(others.iter().map(|native| entry(native, language)));
    } else if !others.is_empty() {
        let paths = others
            .iter()
            .map(|native| format!("help(\"{}\")", native.path()));
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

/// The list of all modules, built-in functions and kinds of objects.
fn overview(modules: &[Module], natives: &[&Native]) -> String {
    let mut lines = vec!["help(\"train\") shows one function. Built-in functions:".into()];
    let (builtin, named): (Vec<_>, Vec<_>) = modules.iter().partition(|m| m.name.is_empty());
    for module in builtin {
        let functions = module.natives.iter().filter(|n| n.owner().is_none());
        let names = functions
            .map(|native| native.name)
            .collect::<Vec<_>>()
            .join(", ");
        if !names.is_empty() {
            lines.push(format!("  {}\n      {names}", summary(&module.doc)));
        }
    }
    lines.push("\nModules; help(\"rnn\") lists the functions of a module:".into());
    let mut listed = BTreeSet::new();
    for module in named.iter().filter(|module| listed.insert(module.name)) {
        lines.push(format!("  {:<8} {}", module.name, summary(&module.doc)));
    }
    let kinds: BTreeSet<&str> = natives.iter().filter_map(|native| native.owner()).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    lines.push(format!(
        "\nObjects with methods; help(\"tensor\") lists the methods: {kinds}"
    ));
    lines.push("\nhelp(\"semantics\") shows how numbers behave in Rhai and Lua".into());
    lines.join("\n")
}

/// The reference of a module.
fn module(modules: &[Module], name: &str) -> Option<String> {
    let parts: Vec<_> = modules
        .iter()
        .filter(|m| !name.is_empty() && m.name == name)
        .collect();
    let first = parts.first()?;
    let functions = parts
        .iter()
        .flat_map(|m| &m.natives)
        .filter(|native| native.owner().is_none());
    let rows = functions.map(row).collect::<Vec<_>>().join("\n");
    Some(format!("module {name}: {}\n\n{rows}", first.doc.trim()))
}

/// The list of the methods of one kind of object.
fn kind(name: &str, natives: &[&Native]) -> Option<String> {
    let rows: Vec<String> = natives
        .iter()
        .filter(|native| native.owner() == Some(name))
        .map(|native| row(native))
        .collect();
    (!rows.is_empty()).then(|| format!("Methods of {name}:\n\n{}", rows.join("\n")))
}

fn row(native: &Native) -> String {
    format!("  {:<44} {}", native.signature(), summary(&native.doc))
}

/// The first sentence of a doc comment.
pub fn summary(doc: &str) -> String {
    let joined = doc
        .trim()
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let joined = joined.collect::<Vec<_>>().join(" ");
    joined
        .split_once(". ")
        .map_or(joined.clone(), |(first, _)| format!("{first}."))
}

fn entry(native: &Native, language: Language) -> String {
    let doc = parse_doc(native);
    let mut text = format!(
        "{} -> {}\n\n{}",
        native.signature(),
        native.returns,
        doc.text
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
        let rows: Vec<String> = native.options().iter().map(option).collect();
        text.push_str(&format!("\n\noptions:\n{}", rows.join("\n")));
    }
    if !doc.example.is_empty() {
        let example = rhai_to_lua::translate(&doc.example, language).replace('\n', "\n  ");
        text.push_str(&format!("\n\nexample:\n  {example}"));
        if let Some(shown) = doc.output {
            text.push_str(&format!("\n  = {}", shown.replace('\n', "\n    ")));
        }
    }
    text
}

fn option(field: &Field) -> String {
    let span = field.span.map_or(String::new(), |span| format!(" {span}"));
    let doc = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "  {:<12} {doc} ({}{span}; default {})",
        field.name, field.kind, field.default
    )
}

//! The reference of a function, a method, a module or a kind of thing, as text for a terminal.

use std::collections::BTreeSet;

use super::context::Language;
use super::fault::Fault;
use super::native::{Native, suggestion};
use super::translate;
use crate::base::options::Field;

/// The parts of a native's doc.
pub struct Doc {
    /// What it does: the text without the example.
    pub text: String,
    /// The example in Rhai, line by line; empty if there is none.
    pub example: String,
    /// What printing the example's last expression shows.
    pub shows: Option<String>,
}

/// Splits a doc into text (its lines joined), example (`> `) and what it shows (`= `).
pub fn doc(native: &Native) -> Doc {
    let (mut text, mut example, mut shows) = (String::new(), Vec::new(), Vec::new());
    for line in native.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(code) = line.strip_prefix("> ") {
            example.push(code);
        } else if let Some(shown) = line.strip_prefix("= ") {
            shows.push(shown);
        } else if line.trim().is_empty() {
            text.push_str("\n\n");
        } else {
            let joins = !text.is_empty() && !text.ends_with('\n');
            text.push_str(if joins { " " } else { "" });
            text.push_str(line.trim_end());
        }
    }
    let shows = (!shows.is_empty()).then(|| shows.join("\n"));
    Doc {
        text: text.trim().into(),
        example: example.join("\n"),
        shows,
    }
}

/// The reference of `name`; an overview if it is empty.
///
/// Errors: a fault with a suggestion if nothing has that name.
pub fn find(name: &str, language: Language) -> Result<String, Fault> {
    let natives = super::natives();
    let wanted = name.trim().replace("::", ".").replace(':', ".");
    if wanted.is_empty() {
        return Ok(overview());
    }
    let called =
        |native: &&Native| native.name == wanted || native.path().replace("::", ".") == wanted;
    let mut found: Vec<String> = natives
        .iter()
        .filter(called)
        .map(|native| entry(native, language))
        .collect();
    found.extend(module(&wanted));
    found.extend(kind(&wanted, &natives));
    if found.is_empty() {
        return Err(unknown(name, &natives));
    }
    Ok(found.join("\n\n"))
}

fn unknown(name: &str, natives: &[Native]) -> Fault {
    let fault = Fault::new(format!("help: nothing is called `{name}`"));
    let paths: Vec<String> = natives.iter().map(Native::path).collect();
    let known = natives.iter().map(|native| native.name);
    let known = known.chain(natives.iter().map(|native| native.module));
    match suggestion(name, known.chain(paths.iter().map(String::as_str))) {
        Some(hint) => fault.hint(hint),
        None => fault.hint("help() lists everything"),
    }
}

fn overview() -> String {
    let mut lines = vec!["help(\"train\") shows a function. Always there:".into()];
    let modules = super::modules();
    let (always, named): (Vec<_>, Vec<_>) = modules.iter().partition(|m| m.name.is_empty());
    for module in always {
        let own = module.natives.iter().filter(|n| n.owner().is_none());
        let names = own.map(|native| native.name).collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            lines.push(format!("  {}\n      {names}", summary(&module.doc)));
        }
    }
    lines.push("\nModules; help(\"rnn\") lists what is in one:".into());
    let mut told = BTreeSet::new();
    for module in named.iter().filter(|module| told.insert(module.name)) {
        lines.push(format!("  {:<8} {}", module.name, summary(&module.doc)));
    }
    let natives = super::natives();
    let kinds: BTreeSet<&str> = natives.iter().filter_map(Native::owner).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    lines.push(format!(
        "\nThings with methods; help(\"tensor\") lists them: {kinds}"
    ));
    lines.join("\n")
}

fn module(name: &str) -> Option<String> {
    let parts: Vec<_> = super::modules()
        .into_iter()
        .filter(|m| !name.is_empty() && m.name == name)
        .collect();
    let first = parts.first()?;
    let own = parts
        .iter()
        .flat_map(|m| &m.natives)
        .filter(|native| native.owner().is_none());
    let rows = own.map(row).collect::<Vec<_>>().join("\n");
    Some(format!("module {name}: {}\n\n{rows}", first.doc.trim()))
}

fn kind(name: &str, natives: &[Native]) -> Option<String> {
    let rows: Vec<String> = natives
        .iter()
        .filter(|native| native.owner() == Some(name))
        .map(row)
        .collect();
    (!rows.is_empty()).then(|| format!("methods of a {name}:\n\n{}", rows.join("\n")))
}

fn row(native: &Native) -> String {
    format!("  {:<44} {}", native.signature(), summary(&native.doc))
}

/// The first sentence of a doc.
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
    let doc = doc(native);
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
            let optional = if arg.optional {
                ", may be left out"
            } else {
                ""
            };
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
        let example = translate::example(&doc.example, language).replace('\n', "\n  ");
        text.push_str(&format!("\n\nexample:\n  {example}"));
        if let Some(shown) = doc.shows {
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
        field.name,
        field.kind,
        default(field)
    )
}

/// The default of an option as a script's author would write it.
pub fn default(field: &Field) -> String {
    let written = field.default.trim();
    let inner = written
        .strip_prefix("Some(")
        .and_then(|rest| rest.strip_suffix(')'));
    match inner.unwrap_or(written) {
        "None" => "none".into(),
        "Vec::new()" => "[]".into(),
        text => text
            .trim_end_matches(".into()")
            .trim_end_matches(".to_string()")
            .into(),
    }
}

//! The overview that `help()` shows: every function by module, and every method by kind of object.

use std::collections::BTreeMap;

use super::context::Language;
use super::doc_comment::summary;
use super::native::{Module, Native};

/// Largest width of a line of names in characters.
const LINE_WIDTH: usize = 96;
/// Indentation of the names.
const INDENT: &str = "      ";

/// The names of all functions and methods.
pub fn page(modules: &[Module], language: Language) -> String {
    let separator = match language {
        Language::Rhai => "::",
        Language::Lua => ".",
    };
    let mut text = format!(
        "help(\"train\") shows one function, help(\"rnn\") a module, help(\"rnn{separator}gru\") \
         a function of a module,\nhelp(\"tensor\") the methods of a kind of object, and \
         help(\"semantics\") how values behave in\nRhai and Lua.\n"
    );
    text.push_str("\nBuilt-in functions:\n");
    let (builtin, named): (Vec<_>, Vec<_>) = modules.iter().partition(|m| m.name.is_empty());
    for module in builtin {
        push_names(&mut text, &summary(&module.doc), functions(&[module]));
    }
    text.push_str("\nModules:\n");
    let mut parts: Vec<(&str, Vec<&Module>)> = Vec::new();
    for module in named {
        match parts.iter_mut().find(|(name, _)| *name == module.name) {
            Some((_, parts)) => parts.push(module),
            None => parts.push((module.name, vec![module])),
        }
    }
    for (name, modules) in parts {
        let head = format!("{name:<12} {}", summary(&modules[0].doc));
        push_names(&mut text, &head, functions(&modules));
    }
    text.push_str("\nMethods of objects:\n");
    for (kind, names) in methods(modules) {
        push_names(&mut text, kind, names);
    }
    text.trim_end().into()
}

/// The names of the functions of modules with the same name.
fn functions(modules: &[&Module]) -> Vec<&'static str> {
    let natives = modules.iter().flat_map(|module| &module.natives);
    let functions = natives.filter(|native| native.owner().is_none());
    functions.map(|native| native.name).collect()
}

/// The names of the methods of each kind of object.
fn methods(modules: &[Module]) -> BTreeMap<&str, Vec<&'static str>> {
    let mut methods: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    let natives = modules.iter().flat_map(|module| &module.natives);
    for (kind, Native { name, .. }) in natives.filter_map(|native| Some((native.owner()?, native)))
    {
        methods.entry(kind).or_default().push(name);
    }
    methods
}

/// Appends a heading and lines of names; nothing without names.
fn push_names(text: &mut String, heading: &str, names: Vec<&str>) {
    if names.is_empty() {
        return;
    }
    text.push_str(&format!("  {heading}\n{INDENT}"));
    let mut width = INDENT.len();
    for (at, name) in names.iter().enumerate() {
        let is_last = at + 1 == names.len();
        let length = name.len() + if is_last { 0 } else { 2 };
        if width + length > LINE_WIDTH {
            text.truncate(text.trim_end().len());
            text.push_str(&format!("\n{INDENT}"));
            width = INDENT.len();
        }
        text.push_str(name);
        text.push_str(if is_last { "" } else { ", " });
        width += length;
    }
    text.push('\n');
}

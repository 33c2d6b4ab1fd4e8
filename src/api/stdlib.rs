//! The script modules bundled from `stdlib/`: functions that are clearer as a script and are not
//! performance-critical. They are part of the vocabulary, like native functions. A host runs them
//! in Rhai, for callers in either language.

use super::native::{Arg, Body, Module, Native};

/// A bundled script module.
pub struct ScriptModule {
    pub name: &'static str,
    pub text: &'static str,
}

/// Every bundled script module.
pub const SCRIPT_MODULES: &[ScriptModule] = &[ScriptModule {
    name: "show",
    text: concat!(
        include_str!("../../stdlib/show.rhai"),
        "\n",
        include_str!("../../stdlib/show_file.rhai")
    ),
}];

/// Prefix of the line of a doc comment with the types of a function.
const TYPES: &str = "Types: ";

/// Prefix of the source name of a bundled module. The source names of user scripts lack it.
pub const SOURCE_PREFIX: &str = "stdlib/";

/// The vocabulary module of a bundled script module: its functions with their `///` docs.
pub fn module(script: &ScriptModule) -> Module {
    let lines: Vec<&'static str> = script.text.lines().collect();
    let doc_lines = lines.iter().map_while(|line| line.strip_prefix("//! "));
    let doc = doc_lines.collect::<Vec<_>>().join("\n");
    let natives = lines.iter().enumerate().filter_map(|(at, line)| {
        let (name, rest) = line.strip_prefix("fn ")?.split_once('(')?;
        let (args, _) = rest.split_once(')')?;
        let names = args
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let (doc, kinds) = split_types(&doc_above(&lines[..at]));
        let (kinds, returns) = kinds.split_once(" -> ").unwrap_or((&kinds, "value"));
        let mut kinds = kinds.split(", ").map(String::from);
        let arg = |name| Arg {
            name,
            kind: kinds.next().unwrap_or("value".into()),
            optional: false,
            options: Vec::new(),
        };
        Some(Native {
            module: script.name,
            name,
            args: names.map(arg).collect(),
            returns: returns.into(),
            doc,
            body: Body::Script,
        })
    });
    Module {
        name: script.name,
        doc,
        natives: natives.collect(),
    }
}

/// Splits a doc comment at its line `Types: KIND, KIND -> KIND`, which states the kinds of the
/// arguments and of the result.
fn split_types(doc: &str) -> (String, String) {
    let (types, text): (Vec<&str>, Vec<&str>) = doc
        .lines()
        .partition(|line| line.trim_start().starts_with(TYPES));
    let kinds = types.first().map_or("", |line| line.trim_start());
    (text.join("\n"), kinds.replacen(TYPES, "", 1))
}

/// The text of the `///` lines directly above a function.
fn doc_above(lines: &[&str]) -> String {
    let above = lines
        .iter()
        .rev()
        .map_while(|line| line.strip_prefix("///"));
    let mut doc: Vec<&str> = above.collect();
    doc.reverse();
    doc.join("\n")
}

//! The complete reference as one Markdown text.

use std::fmt::Write;

use super::context::Language;
use super::doc_comment::parse_doc;
use super::native::Native;
use super::{rhai_to_lua, semantics, vocabulary};

/// The reference of all functions and methods, module by module.
pub fn markdown() -> String {
    let mut text =
        String::from("# Reference\n\nIndices and axes count from 0 in both languages.\n");
    for module in vocabulary::modules() {
        let name = if module.name.is_empty() {
            "always in scope"
        } else {
            module.name
        };
        let _ = write!(text, "\n## {name}\n\n{}\n", module.doc.trim());
        for native in &module.natives {
            entry(&mut text, native);
        }
    }
    let _ = write!(
        text,
        "\n## semantics\n\n```text\n{}\n```\n",
        semantics::page()
    );
    text
}

fn entry(text: &mut String, native: &Native) {
    let doc = parse_doc(native);
    let _ = write!(
        text,
        "\n### `{}`\n\n{}\n\nReturns: {}.\n",
        native.signature(),
        doc.text,
        native.returns
    );
    if !native.options().is_empty() {
        text.push_str("\n| option | type | default | meaning |\n|---|---|---|---|\n");
        for field in native.options() {
            let span = field.span.map_or(String::new(), |span| format!(" {span}"));
            let doc = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
            let default = &field.default;
            let _ = writeln!(
                text,
                "| `{}` | {}{span} | {default} | {doc} |",
                field.name, field.kind
            );
        }
    }
    if !doc.example.is_empty() {
        let lua = rhai_to_lua::translate_example(&doc.example, Language::Lua);
        let _ = write!(
            text,
            "\n```rhai\n{}\n```\n```lua\n{lua}\n```\n",
            doc.example
        );
        if let Some(output) = doc.output {
            let _ = write!(text, "```text\n{output}\n```\n");
        }
    }
}

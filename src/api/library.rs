//! The bundled script modules of `stdlib/`: what reads better as a script and needs no speed.
//! Their functions stand in the vocabulary beside the native ones; a host runs them in Rhai,
//! whichever language calls.

use super::native::{Arg, Body, Module, Native};

/// A bundled script module.
pub struct Library {
    pub name: &'static str,
    pub text: &'static str,
}

/// Every bundled script module.
pub const LIBRARIES: &[Library] = &[Library {
    name: "show",
    text: include_str!("../../stdlib/show.rhai"),
}];

/// Before the name of a library in the source of its functions; user scripts have none.
pub const SOURCE: &str = "stdlib/";

/// The functions of a library with the `///` docs above them.
pub fn module(library: &Library) -> Module {
    let lines: Vec<&'static str> = library.text.lines().collect();
    let heads = lines.iter().map_while(|line| line.strip_prefix("//! "));
    let head = heads.collect::<Vec<_>>().join("\n");
    let natives = lines.iter().enumerate().filter_map(|(at, line)| {
        let (name, rest) = line.strip_prefix("fn ")?.split_once('(')?;
        let (args, _) = rest.split_once(')')?;
        let names = args
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let arg = |name| Arg {
            name,
            kind: "value".into(),
            optional: false,
            options: Vec::new(),
        };
        Some(Native {
            module: library.name,
            name,
            args: names.map(arg).collect(),
            returns: "value".into(),
            doc: doc_above(&lines[..at]),
            body: Body::Library,
        })
    });
    Module {
        name: library.name,
        doc: head,
        natives: natives.collect(),
    }
}

/// The `///` lines that end `lines`, joined.
fn doc_above(lines: &[&str]) -> String {
    let above = lines
        .iter()
        .rev()
        .map_while(|line| line.strip_prefix("///"));
    let mut doc: Vec<&str> = above.collect();
    doc.reverse();
    doc.join("\n")
}

//! Automatic checks of the source code: layers, file sizes, file headers and restricted names.

mod functions;
mod imports;
mod source;
mod terminology;

use std::path::Path;

use source::{sources, sources_below, strip};

/// Modules and their layers; a module uses its own layer and lower ones.
const LAYERS: [(&str, usize); 18] = [
    ("base", 0),
    ("tensor", 1),
    ("random", 1),
    ("ops", 2),
    ("io", 2),
    ("train", 3),
    ("optim", 3),
    ("nn", 3),
    ("models", 4),
    ("analysis", 4),
    ("tasks", 4),
    ("signal", 4),
    ("figure", 4),
    ("api", 5),
    ("host", 6),
    ("app", 7),
    ("window", 7),
    ("main.rs", 7),
];

/// Code that only the layers from the one in the second column on may contain, and the exempt
/// folders and files of lower layers.
const RESTRICTED: [(&str, usize, &[&str]); 13] = [
    ("rhai::", 7, &["host"]),
    ("mlua::", 7, &["host"]),
    ("hdf5::", 5, &["io"]),
    ("println!", 5, &[]),
    ("eprintln!", 5, &[]),
    ("print!(", 5, &[]),
    // FORCE reads the clock to decide how many threads it uses; no result depends on it.
    (
        "Instant",
        5,
        &["ops/force/barrier.rs", "ops/force/contention.rs"],
    ),
    ("SystemTime", 5, &[]),
    ("std::fs", 5, &["io"]),
    ("static mut", 9, &[]),
    (".unwrap()", 9, &[]),
    // The macros of `tensor/precision.rs` select the precision.
    ("Precision::F64(", 9, &["tensor"]),
    ("Precision::F64 =>", 9, &["tensor"]),
];

const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 100;
const UNSPECIFIC_NAMES: [&str; 5] = ["utils", "helpers", "common", "misc", "manager"];
/// Folders and files that may contain `unsafe`: the kernels, and calls of the HDF5 library that its
/// crate does not wrap.
const UNSAFE_FOLDERS: [&str; 4] = ["ops", "random", "tensor/product.rs", "io/hdf5/library"];
/// Maximum number of lines between `// SAFETY:` and `unsafe`.
const MAX_SAFETY_DISTANCE: usize = 8;

fn layer(module: &str) -> Option<usize> {
    let entry = LAYERS.iter().find(|(name, _)| *name == module);
    entry.map(|(_, layer)| *layer)
}

/// Fails with the list of the violations, if there are any.
fn assert_empty(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// The modules in a line of the form `crate::x`, `crate::{x, y}` or (in main.rs) `attractor::x`.
fn modules_in(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in line.split("crate::").skip(1) {
        let braced = part
            .strip_prefix('{')
            .map(|rest| rest.split('}').next().unwrap_or(rest));
        for item in braced.unwrap_or(part).split(',') {
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            let name: String = item.trim().chars().take_while(|c| letter(*c)).collect();
            names.push(name);
            if braced.is_none() {
                break;
            }
        }
    }
    names
}

#[test]
fn a_module_uses_only_its_own_and_lower_layers() {
    let mut violations = Vec::new();
    for source in sources() {
        let Some(own_layer) = layer(&source.module) else {
            if source.module != "lib.rs" {
                violations.push(source.violation(0, "a module without a layer"));
            }
            continue;
        };
        for (number, line) in source.code() {
            for name in modules_in(&line) {
                if layer(&name).is_some_and(|other| other > own_layer) {
                    violations
                        .push(source.violation(number, &format!("`{name}` is in a higher layer")));
                }
            }
        }
    }
    assert_empty(violations);
}

#[test]
fn restricted_code_occurs_only_where_it_is_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for source in sources() {
        let own_layer = layer(&source.module).unwrap_or(0);
        for (number, line) in source.code() {
            // Our modules may have the name of the crate that they wrap.
            let line = line.replace("io::hdf5::", "").replace("host::rhai::", "");
            for (code_text, from, exempt) in RESTRICTED {
                // Layer 5 uses `hdf5::` too, but only the module of this name in `io`.
                let is_exempt =
                    |exempt_path: &&str| source.path.starts_with(root.join(exempt_path));
                let allowed = own_layer >= from || exempt.iter().any(is_exempt);
                if !allowed && line.contains(code_text) {
                    violations.push(
                        source.violation(number, &format!("`{code_text}` is not allowed here")),
                    );
                }
            }
        }
    }
    assert_empty(violations);
}

#[test]
fn files_have_a_header_and_limited_lines_and_columns() {
    let mut violations = Vec::new();
    let folders = ["src", "tests/it", "benches"];
    for source in folders.into_iter().flat_map(sources_below) {
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            violations
                .push(source.violation(lines, &format!("{lines} lines, at most {MAX_LINES}")));
        }
        if !source.text.starts_with("//! ") {
            violations.push(source.violation(0, "a file begins with `//!`"));
        }
        let name = source
            .path
            .file_stem()
            .expect("a file name")
            .to_string_lossy();
        if UNSPECIFIC_NAMES.contains(&name.as_ref()) {
            violations.push(source.violation(0, "an unspecific file name"));
        }
        let is_too_wide = |line: &&str| line.chars().count() > MAX_COLUMNS;
        for (number, line) in source
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| is_too_wide(line))
        {
            violations.push(source.violation(number, &format!("{} columns", line.chars().count())));
        }
    }
    assert_empty(violations);
}

#[test]
fn there_are_no_glob_imports() {
    let mut violations = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            let import = line
                .trim_start()
                .trim_start_matches("pub ")
                .starts_with("use ");
            if import && line.contains("::*") && !line.contains("super::*") {
                violations.push(source.violation(number, "a glob import"));
            }
        }
    }
    assert_empty(violations);
}

#[test]
fn unsafe_code_is_in_kernels_and_has_a_safety_comment() {
    let mut violations = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.code() {
            let mut identifiers = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if !identifiers.any(|name| name == "unsafe") {
                continue;
            }
            let preceding = &lines[number.saturating_sub(MAX_SAFETY_DISTANCE)..=number];
            let relative_path = source.path.strip_prefix(&root).expect("a source below src");
            if !UNSAFE_FOLDERS
                .iter()
                .any(|kernel| relative_path.starts_with(kernel))
            {
                violations.push(source.violation(number, "`unsafe` outside a kernel"));
            } else if !preceding.iter().any(|line| line.contains("SAFETY:")) {
                violations.push(source.violation(number, "`unsafe` without `// SAFETY:`"));
            }
        }
    }
    assert_empty(violations);
}

#[test]
fn the_source_parser_finds_modules_and_strips_comments() {
    let table = [
        ("use crate::{api, base};", vec!["api", "base"]),
        ("use crate::base::{Error, Result};", vec!["base"]),
        (
            "    crate::io::read(crate::tensor::x)",
            vec!["io", "tensor"],
        ),
    ];
    for (line, modules) in table {
        assert_eq!(modules_in(line), modules, "{line}");
    }
    assert_eq!(strip("let x = \"crate::api\"; // .unwrap()"), "let x = ; ");
}

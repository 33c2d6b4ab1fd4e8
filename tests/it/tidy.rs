//! The house rules that a machine can hold: floors, sizes, heads, and words that do not belong.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules and their floors; a module uses its own floor and lower ones.
const FLOORS: [(&str, usize); 18] = [
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

/// Words that only layers from the one in the second column on may contain, and the folders or
/// files of lower layers that may contain them too.
const WORDS: [(&str, usize, &[&str]); 11] = [
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
];

const LINES: usize = 400;
const WIDTH: usize = 100;
const NAMELESS: [&str; 5] = ["utils", "helpers", "common", "misc", "manager"];
/// Where `unsafe` may stand: next to the loops that need it, and in calls of the HDF5 library that
/// its crate does not wrap.
const KERNELS: [&str; 3] = ["ops", "random", "io/hdf5/library"];
/// How far above `unsafe` its reason may stand.
const REASON_LINES: usize = 8;

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

impl Source {
    fn floor(&self) -> Option<usize> {
        floor(&self.module)
    }

    fn fault(&self, line: usize, words: &str) -> String {
        format!("{}:{}: {words}", self.path.display(), line + 1)
    }

    /// Lines of code with their numbers: no comments, nothing that stands in quotes.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(number, line)| (number, bare(line)))
    }
}

fn floor(module: &str) -> Option<usize> {
    let known = FLOORS.iter().find(|(name, _)| *name == module);
    known.map(|(_, floor)| *floor)
}

/// A line without its comment and without texts on it.
fn bare(line: &str) -> String {
    let mut kept = String::new();
    for (index, part) in line.replace("'\"'", "").split('"').enumerate() {
        if index % 2 == 1 {
            continue;
        }
        match part.split_once("//") {
            Some((code, _)) => return kept + code,
            None => kept += part,
        }
    }
    kept
}

fn sources() -> Vec<Source> {
    below("src")
}

fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    gather(&root, &root, &mut found);
    assert!(!found.is_empty(), "no sources below {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn gather(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            gather(root, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let inner = path.strip_prefix(root).expect("a path below the root");
            let first = inner.components().next().expect("a path with a component");
            found.push(Source {
                module: first.as_os_str().to_string_lossy().into_owned(),
                text: fs::read_to_string(&path).expect("a source is text"),
                path,
            });
        }
    }
}

fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The modules named in a line as `crate::x`, `crate::{x, y}` or (in main.rs) `attractor::x`.
fn modules_in(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in line.split("crate::").skip(1) {
        let listed = part
            .strip_prefix('{')
            .map(|rest| rest.split('}').next().unwrap_or(rest));
        for item in listed.unwrap_or(part).split(',') {
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            let name: String = item.trim().chars().take_while(|c| letter(*c)).collect();
            names.push(name);
            if listed.is_none() {
                break;
            }
        }
    }
    names
}

#[test]
fn a_module_uses_its_own_floor_and_lower_ones() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some(own) = source.floor() else {
            if source.module != "lib.rs" {
                faults.push(source.fault(0, "a module that stands on no floor"));
            }
            continue;
        };
        for (number, line) in source.code() {
            for name in modules_in(&line) {
                if floor(&name).is_some_and(|other| other > own) {
                    faults.push(source.fault(number, &format!("`{name}` is on a higher floor")));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn a_word_stands_only_where_it_belongs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for source in sources() {
        let own = source.floor().unwrap_or(0);
        for (number, line) in source.code() {
            // Modules of ours may carry the name of what they wrap.
            let line = line.replace("io::hdf5::", "").replace("host::rhai::", "");
            for (word, from, also) in WORDS {
                // Floor 5 calls `hdf5::` too, but only the module of that name in `io`.
                let listed = |place: &&str| source.path.starts_with(root.join(place));
                let allowed = own >= from || also.iter().any(listed);
                if !allowed && line.contains(word) {
                    faults.push(source.fault(number, &format!("`{word}` does not belong here")));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn a_file_has_a_head_and_says_one_thing() {
    let mut faults = Vec::new();
    let folders = ["src", "tests/it", "benches"];
    for source in folders.into_iter().flat_map(below) {
        let lines = source.text.lines().count();
        if lines > LINES {
            faults.push(source.fault(lines, &format!("{lines} lines, at most {LINES}")));
        }
        if !source.text.starts_with("//! ") {
            faults.push(source.fault(0, "a file begins with `//!`"));
        }
        let name = source
            .path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        if NAMELESS.contains(&name.as_ref()) {
            faults.push(source.fault(0, "a name that says nothing"));
        }
        let wide = |line: &&str| line.chars().count() > WIDTH;
        for (number, line) in source
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| wide(line))
        {
            faults.push(source.fault(number, &format!("{} columns", line.chars().count())));
        }
    }
    none(faults);
}

#[test]
fn nothing_is_imported_by_a_glob() {
    let mut faults = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            let import = line
                .trim_start()
                .trim_start_matches("pub ")
                .starts_with("use ");
            if import && line.contains("::*") && !line.contains("super::*") {
                faults.push(source.fault(number, "a glob import"));
            }
        }
    }
    none(faults);
}

#[test]
fn unsafe_code_stands_in_kernels_and_says_why_it_is_safe() {
    let mut faults = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.code() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if !words.any(|word| word == "unsafe") {
                continue;
            }
            let above = &lines[number.saturating_sub(REASON_LINES)..=number];
            let inside = source.path.strip_prefix(&root).expect("a source below src");
            if !KERNELS.iter().any(|kernel| inside.starts_with(kernel)) {
                faults.push(source.fault(number, "`unsafe` outside a kernel"));
            } else if !above.iter().any(|line| line.contains("SAFETY:")) {
                faults.push(source.fault(number, "`unsafe` without `// SAFETY:`"));
            }
        }
    }
    none(faults);
}

#[test]
fn the_reader_of_these_rules_sees_what_it_should() {
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
    assert_eq!(bare("let x = \"crate::api\"; // .unwrap()"), "let x = ; ");
}

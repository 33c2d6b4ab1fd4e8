//! Imports between files run in one direction: no two files of `src` need each other.
//!
//! A module re-exports names of its submodules; a path through a re-export counts as an import of
//! the file that defines the name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::assert_empty;
use super::source::{Source, sources};

/// A path of names from the root of the crate: of a module, or of an item.
type Names = Vec<String>;

/// The files by module, with their imports and re-exports.
struct Graph {
    modules: BTreeMap<Names, Module>,
}

#[derive(Default)]
struct Module {
    /// Absolute paths that the file uses.
    imports: Vec<Names>,
    /// Names that the file re-exports, with the paths that they stand for.
    exports: BTreeMap<String, Names>,
}

impl Graph {
    fn new(sources: &[Source]) -> Graph {
        let names: BTreeSet<Names> = sources.iter().map(module_names).collect();
        let modules = sources.iter().map(|source| {
            let own = module_names(source);
            let module = Module::parse(&code_of(source), &own, &names);
            (own, module)
        });
        Graph {
            modules: modules.collect(),
        }
    }

    /// The module whose file defines the item at `path`.
    fn definition(&self, path: &[String], depth: usize) -> Option<Names> {
        /// Longer chains of re-exports are circular.
        const MAX_DEPTH: usize = 8;
        let length = (0..=path.len())
            .rev()
            .find(|length| self.modules.contains_key(&path[..*length]))?;
        let module = &self.modules[&path[..length]];
        match path.get(length).and_then(|name| module.exports.get(name)) {
            Some(target) if depth < MAX_DEPTH => {
                let target = [target, &path[length + 1..]].concat();
                self.definition(&target, depth + 1)
            }
            _ => Some(path[..length].to_vec()),
        }
    }

    /// The modules that each module imports, directly or indirectly.
    fn reachable(&self) -> BTreeMap<&Names, BTreeSet<Names>> {
        let direct: BTreeMap<&Names, BTreeSet<Names>> = self
            .modules
            .iter()
            .map(|(own, module)| {
                let targets = module
                    .imports
                    .iter()
                    .filter_map(|path| self.definition(path, 0));
                let other = targets.filter(|target| target != own && !target.is_empty());
                (own, other.collect())
            })
            .collect();
        let close = |start: &Names| {
            let (mut found, mut open) = (BTreeSet::new(), vec![start.clone()]);
            while let Some(next) = open.pop() {
                for target in &direct[&next] {
                    if found.insert(target.clone()) {
                        open.push(target.clone());
                    }
                }
            }
            found
        };
        self.modules.keys().map(|own| (own, close(own))).collect()
    }
}

impl Module {
    fn parse(code: &str, own: &Names, all: &BTreeSet<Names>) -> Module {
        let mut module = Module::default();
        let mut rest = code;
        while let Some(start) = rest.find("use ") {
            let (before, after) = rest.split_at(start);
            let starts_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let (tree, tail) = after[4..].split_once(';').unwrap_or((after, ""));
            rest = if starts_word { tail } else { &after[4..] };
            if !starts_word {
                continue;
            }
            let line = before.rsplit(['\n', ';', '}']).next().unwrap_or_default();
            let is_export = line.trim_start().starts_with("pub");
            for path in expand(tree) {
                let Some(path) = absolute(&path, own, all) else {
                    continue;
                };
                match is_export {
                    true => drop(module.exports.insert(path[path.len() - 1].clone(), path)),
                    false => module.imports.push(path),
                }
            }
        }
        module.imports.extend(inline_paths(code, own, all));
        module
    }
}

/// The paths in expressions and types that begin with `crate::`, `super::`, `self::` or the name of
/// a submodule.
fn inline_paths(code: &str, own: &Names, all: &BTreeSet<Names>) -> Vec<Names> {
    let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c: char| !in_path(c));
    let paths = words.filter(|word| word.contains("::") && !word.starts_with(':'));
    paths
        .filter(|path| !path.ends_with(':'))
        .filter_map(|path| absolute(path, own, all))
        .collect()
}

/// The paths of a tree such as `a::{b, c::{d, e}}`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, inner)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![path.trim().to_string()];
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    let (mut items, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => items.push(String::new()),
            c => items.last_mut().expect("at least one item").push(c),
        }
    }
    let items = items.iter().filter(|item| !item.trim().is_empty());
    items
        .flat_map(|item| expand(item))
        .map(|item| format!("{prefix}{item}"))
        .collect()
}

/// The path from the root of the crate; `None` for a path into another crate.
fn absolute(path: &str, own: &Names, all: &BTreeSet<Names>) -> Option<Names> {
    let names: Names = path
        .split("::")
        .map(|name| name.trim().to_string())
        .collect();
    let supers = names.iter().take_while(|name| *name == "super").count();
    if supers > 0 {
        let base = own.len().checked_sub(supers)?;
        return Some([&own[..base], &names[supers..]].concat());
    }
    match names[0].as_str() {
        "crate" => Some(names[1..].to_vec()),
        "self" => Some([own.as_slice(), &names[1..]].concat()),
        first => {
            let child = [own.as_slice(), &[first.to_string()]].concat();
            all.contains(&child)
                .then(|| [own.as_slice(), &names].concat())
        }
    }
}

/// The names of the module that a file defines; none for the root.
fn module_names(source: &Source) -> Names {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let path = source.path.strip_prefix(root).expect("a source below src");
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| name != "mod" && name != "lib")
        .collect()
}

/// The code of a file without comments and strings.
fn code_of(source: &Source) -> String {
    let lines: Vec<String> = source.code().map(|(_, line)| line).collect();
    lines.join("\n")
}

#[test]
fn no_two_files_import_each_other() {
    let sources: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.module != "main.rs")
        .collect();
    let graph = Graph::new(&sources);
    let reachable = graph.reachable();
    let mut cycles = BTreeSet::new();
    for (own, targets) in &reachable {
        if !targets.contains(*own) {
            continue;
        }
        let members: BTreeSet<String> = targets
            .iter()
            .filter(|target| reachable[target].contains(*own))
            .map(|target| target.join("::"))
            .collect();
        cycles.insert(members.into_iter().collect::<Vec<_>>().join(", "));
    }
    assert_empty(
        cycles
            .into_iter()
            .map(|cycle| format!("cycle: {cycle}"))
            .collect(),
    );
}

#[test]
fn the_parser_of_imports_expands_trees_and_resolves_paths() {
    assert_eq!(
        expand("a::{b, c::{d, e as f}}"),
        ["a::b", "a::c::d", "a::c::e"]
    );
    let names = |path: &str| -> Names { path.split("::").map(str::to_string).collect() };
    let all = BTreeSet::from([names("a"), names("a::b"), names("a::b::c")]);
    let own = names("a::b");
    let table = [
        ("crate::a::X", Some("a::X")),
        ("super::X", Some("a::X")),
        ("self::X", Some("a::b::X")),
        ("c::X", Some("a::b::c::X")),
        ("std::X", None),
    ];
    for (path, expected) in table {
        assert_eq!(absolute(path, &own, &all), expected.map(names), "{path}");
    }
}

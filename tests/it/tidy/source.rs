//! The source files that the checks read.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Source {
    pub path: PathBuf,
    /// The first component of the path below the folder.
    pub module: String,
    pub text: String,
}

impl Source {
    pub fn violation(&self, line: usize, message: &str) -> String {
        format!("{}:{}: {message}", self.path.display(), line + 1)
    }

    /// Lines of code with their numbers, without comments and string literals.
    pub fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(number, line)| (number, strip(line)))
    }
}

/// A line without its comment and its string literals.
pub fn strip(line: &str) -> String {
    let mut code_part = String::new();
    for (index, part) in line.replace("'\"'", "").split('"').enumerate() {
        if index % 2 == 1 {
            continue;
        }
        match part.split_once("//") {
            Some((code, _)) => return code_part + code,
            None => code_part += part,
        }
    }
    code_part
}

pub fn sources() -> Vec<Source> {
    sources_below("src")
}

pub fn sources_below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut sources = Vec::new();
    collect_sources(&root, &root, &mut sources);
    assert!(!sources.is_empty(), "no sources below {folder}");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn collect_sources(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            collect_sources(root, &path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let relative_path = path.strip_prefix(root).expect("a path below the root");
            let first = relative_path
                .components()
                .next()
                .expect("a path with a component");
            sources.push(Source {
                module: first.as_os_str().to_string_lossy().into_owned(),
                text: fs::read_to_string(&path).expect("a UTF-8 source file"),
                path,
            });
        }
    }
}

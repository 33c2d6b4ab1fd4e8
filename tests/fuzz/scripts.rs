//! Damaged scripts: the bundled scripts and the examples of the reference with tokens and bytes
//! changed, for the parsers, `check` and short runs.

use std::fs;
use std::path::Path;

use attractor::api::context::Language;
use attractor::api::{self, doc_comment, rhai_to_lua};
use fastrand::Rng;

/// Pieces that change the structure of a script.
const PIECES: [&str; 40] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "|x|",
    "||",
    "\"",
    "`",
    "${",
    "'",
    "/*",
    "*/",
    "//",
    "--",
    "--[[",
    "]]",
    "[==[",
    ";",
    ",",
    ".",
    "..",
    "::",
    "=>",
    "=",
    "==",
    "-",
    "!",
    "0x",
    "1e999",
    "99999999999999999999",
    "fn f(x) { f(x) }",
    "function f(x) return f(x) end",
    "switch x {",
    "while true ",
    "import \"a\" as a",
    "\u{0}",
    "\u{202e}",
];

/// Source texts and the generator of damaged copies.
pub struct Mutator {
    seeds: Vec<(Language, String)>,
    rng: Rng,
}

impl Mutator {
    /// Reads the seeds: scripts below `root` and the examples of the reference.
    pub fn new(seed: u64, root: &Path) -> Mutator {
        let mut seeds = Vec::new();
        for native in api::natives() {
            let example = doc_comment::parse_doc(&native).example;
            for language in [Language::Rhai, Language::Lua] {
                seeds.push((language, rhai_to_lua::translate(&example, language)));
            }
        }
        for folder in ["scripts", "tests/scripts"] {
            collect_scripts(&root.join(folder), &mut seeds);
        }
        Mutator {
            seeds,
            rng: Rng::with_seed(seed),
        }
    }

    /// A damaged script.
    pub fn script(&mut self) -> (Language, Vec<u8>) {
        let (language, text) = &self.seeds[self.rng.usize(0..self.seeds.len())];
        let mut bytes = text.clone().into_bytes();
        for _ in 0..self.rng.usize(1..6) {
            mutate(&mut bytes, &mut self.rng);
        }
        (*language, bytes)
    }
}

fn collect_scripts(folder: &Path, seeds: &mut Vec<(Language, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let extension = path.extension().map(|extension| extension.to_os_string());
        let language = match extension.as_ref().and_then(|extension| extension.to_str()) {
            Some("rhai") => Language::Rhai,
            Some("lua") => Language::Lua,
            _ if path.is_dir() => {
                collect_scripts(&path, seeds);
                continue;
            }
            _ => continue,
        };
        if let Ok(text) = fs::read_to_string(&path) {
            seeds.push((language, text));
        }
    }
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    /// Deeper nesting than any parser supports.
    const MAX_REPEATS: usize = 5000;
    if bytes.is_empty() {
        bytes.push(b' ');
    }
    let at = rng.usize(0..bytes.len());
    let length = rng.usize(1..=40).min(bytes.len() - at);
    let piece = PIECES[rng.usize(0..PIECES.len())].as_bytes();
    match rng.u8(0..12) {
        0 => bytes[at] = rng.u8(..),
        1 => bytes.truncate(at),
        2..4 => drop(bytes.drain(at..at + length)),
        4..6 => {
            let part = bytes[at..at + length].to_vec();
            let to = rng.usize(0..=bytes.len());
            bytes.splice(to..to, part);
        }
        6 => {
            let repeated = piece.repeat(rng.usize(1..MAX_REPEATS));
            bytes.splice(at..at, repeated);
        }
        _ => drop(bytes.splice(at..at, piece.iter().copied())),
    }
}

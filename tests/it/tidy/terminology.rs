//! Words that names and texts do not use, because the field has standard terms for them. The first
//! list applies to identifiers; the second to all text, including comments.

use std::fs;
use std::path::Path;

use super::assert_empty;
use super::source::{Source, sources_below, strip};

/// Identifiers: participles that name neither an action nor a thing, and private terms, with their
/// replacements.
const BANNED_NAMES: [(&str, &str); 22] = [
    ("told", "a noun for the content"),
    ("said", "attributes, text"),
    ("given", "arguments, inputs"),
    ("made", "a noun for the result"),
    ("begun", "start, run"),
    ("held", "a noun for the content"),
    ("kept", "retained, saved, or a noun"),
    ("heard", "a noun for the content"),
    ("fault", "error"),
    ("faults", "errors"),
    ("slopes", "jacobians"),
    ("strand", "layer dimensions"),
    ("strands", "sublayers"),
    ("leap", "damped step"),
    ("glide", "chord step"),
    ("foretold", "predicted"),
    ("pupil", "student"),
    ("lesson", "rls"),
    ("recipe", "options"),
    ("manner", "kind"),
    ("anew", "reset"),
    ("whereabouts", "position, location"),
];

/// Phrases, in any letter case, with their replacements.
const BANNED_PHRASES: [(&str, &str); 15] = [
    ("the way forward", "forward pass"),
    ("the way back", "backward pass"),
    ("kind of number", "dtype"),
    ("whole number", "integer"),
    ("others than", "that differ from"),
    ("is had", "name the subject"),
    ("is told", "receives"),
    ("what a run is", "name the thing"),
    ("numbers of a network", "parameters"),
    ("times of a trial", "time steps"),
    ("derivatives by", "gradient with respect to"),
    ("truth value", "boolean"),
    ("found nothing", "found nil; found no entry"),
    ("list of texts", "list of strings"),
    ("comes back from", "is read from, is returned by"),
];

/// This file names the words that it bans.
fn is_exempt(path: &Path) -> bool {
    path.ends_with("tidy/terminology.rs") || path.ends_with("base/synonyms/table.rs")
}

fn texts() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<Source> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources_below)
        .collect();
    let mut paths: Vec<_> = ["scripts", "stdlib", "examples"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).expect("a folder of scripts"))
        .map(|entry| entry.expect("an entry of a folder").path())
        .collect();
    paths.extend(
        [
            "README.md",
            "CHANGELOG.md",
            "src/README.md",
            "benches/README.md",
        ]
        .map(|name| root.join(name)),
    );
    texts.extend(paths.into_iter().map(|path| Source {
        text: fs::read_to_string(&path).expect("a text file"),
        module: String::new(),
        path,
    }));
    texts.retain(|source| !is_exempt(&source.path));
    texts
}

#[test]
fn names_are_terms_of_the_field() {
    let mut violations = Vec::new();
    for source in texts() {
        let is_prose = source.path.extension().is_some_and(|end| end == "md");
        for (number, line) in source.text.lines().enumerate().filter(|_| !is_prose) {
            let code = match source.module.is_empty() {
                true => line.split("//").next().unwrap_or(line).to_string(),
                false => strip(line),
            };
            for word in code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-') {
                let banned = BANNED_NAMES.iter().find(|(name, _)| *name == word);
                if let Some((name, instead)) = banned {
                    violations.push(source.violation(number, &format!("`{name}`: {instead}")));
                }
            }
        }
    }
    assert_empty(violations);
}

#[test]
fn texts_use_the_terms_of_the_field() {
    let mut violations = Vec::new();
    for source in texts() {
        for (number, line) in source.text.lines().enumerate() {
            let line = line.to_lowercase();
            for (phrase, instead) in BANNED_PHRASES {
                if line.contains(phrase) {
                    violations.push(source.violation(number, &format!("`{phrase}`: {instead}")));
                }
            }
        }
    }
    assert_empty(violations);
}

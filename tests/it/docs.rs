//! The reference is true: every example runs in both languages and shows what it says.

use std::path::Path;

use attractor::api::context::{Language, RunConfig};
use attractor::api::native::Native;
use attractor::api::{self, display, help, rhai_to_lua};

use crate::session::{LANGUAGES, run_in};

/// Names that one of the languages refuses, or that would hide one of its own.
const RESERVED: [&str; 48] = [
    "match", "default", "new", "shared", "use", "with", "thread", "eval", "call", "is", "sync",
    "package", "super", "static", "var", "public", "go", "spawn", "await", "yield", "case", "goto",
    "nil", "null", "until", "this", "end", "function", "local", "repeat", "then", "and", "or",
    "not", "elseif", "switch", "do", "while", "loop", "for", "in", "if", "else", "return", "fn",
    "let", "import", "export",
];

fn shown(example: &str, language: Language, out: &Path) -> Result<String, String> {
    let mut lines: Vec<String> = rhai_to_lua::translate(example, language)
        .lines()
        .map(String::from)
        .collect();
    let last = lines.last_mut().ok_or("no example")?;
    if language == Language::Lua && !last.starts_with("local") && !last.starts_with("return") {
        *last = format!("return {last}");
    }
    let text = lines.join("\n");
    let settings = RunConfig {
        out: out.into(),
        ..RunConfig::default()
    };
    let run = run_in(&text, language, settings);
    match run.outcome {
        Ok(value) => Ok(display::print_text(&value)),
        Err(fault) => Err(format!("{fault} in\n{text}")),
    }
}

#[test]
fn every_example_shows_what_its_doc_says_in_both_languages() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut wrong = Vec::new();
    for native in api::natives() {
        let doc = help::doc(&native);
        if doc.example.is_empty() {
            continue;
        }
        for language in LANGUAGES {
            let found = shown(&doc.example, language, out.path());
            match (found, &doc.output) {
                (Err(fault), _) => wrong.push(format!("{} ({language:?}): {fault}", native.path())),
                (Ok(found), Some(expected)) if found != *expected => wrong.push(format!(
                    "{} ({language:?}): shows\n{found}\ninstead of\n{expected}",
                    native.path()
                )),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_native_that_gives_a_value_has_an_example() {
    /// Giving these an example would print help or end the test.
    const WITHOUT: [&str; 1] = ["fail"];
    let lacks = |native: &Native| {
        help::doc(native).example.is_empty()
            && native.returns != "nothing"
            && !WITHOUT.contains(&native.name)
    };
    let names: Vec<String> = api::natives()
        .iter()
        .filter(|n| lacks(n))
        .map(Native::path)
        .collect();
    assert!(names.is_empty(), "no example: {}", names.join(", "));
}

#[test]
fn every_native_has_a_doc_that_ends_like_a_sentence() {
    let bare: Vec<String> = api::natives()
        .iter()
        .filter(|native| !help::doc(native).text.ends_with(['.', ')', '`']))
        .map(Native::path)
        .collect();
    assert!(bare.is_empty(), "no doc: {}", bare.join(", "));
}

#[test]
fn no_name_is_refused_by_either_language() {
    let taken: Vec<String> = api::natives()
        .iter()
        .filter(|native| RESERVED.contains(&native.name) || RESERVED.contains(&native.module))
        .map(Native::path)
        .collect();
    assert!(taken.is_empty(), "reserved: {}", taken.join(", "));
    let options = api::natives().into_iter().flat_map(|native| {
        let path = native.path();
        native
            .options()
            .iter()
            .map(|f| (path.clone(), f.name))
            .collect::<Vec<_>>()
    });
    let taken: Vec<String> = options
        .filter(|(_, name)| RESERVED.contains(name))
        .map(|(path, name)| format!("{path}: {name}"))
        .collect();
    assert!(taken.is_empty(), "reserved options: {}", taken.join(", "));
}

#[test]
fn examples_translate_into_lua() {
    let table = [
        ("let x = [1, [2, 3]];", "local x = {1, {2, 3}};"),
        (
            "rnn::vanilla(#{ units: 10_000, gain: 0.5 })",
            "rnn.vanilla({ units = 10000, gain = 0.5 })",
        ),
        ("t.sum(0).mean()", "t:sum(0):mean()"),
        ("fit.loss[0]", "fit.loss[0]"),
        ("t[1..3]", "t[{from = 1, to = 3}]"),
        (
            "f(|a, b| a + b, 2)",
            "f(function(a, b) return a + b end, 2)",
        ),
        (
            "grad(|p| { let y = p.w; y.sum() }, p)",
            "grad(function(p) local y = p.w;return y:sum() end, p)",
        ),
        ("a != b && !c // why", "a ~= b and not c -- why"),
        ("x[0] ** 2", "x[0] ^ 2"),
    ];
    for (rhai, lua) in table {
        assert_eq!(rhai_to_lua::translate(rhai, Language::Lua), lua, "{rhai}");
    }
}

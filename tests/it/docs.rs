//! The reference: every example runs in both languages and returns the documented value.

use std::path::Path;

use attractor::api::context::{Language, RunConfig};
use attractor::api::native::Native;
use attractor::api::{self, display, help, rhai_to_lua};

use crate::session::{LANGUAGES, run_in};

/// Reserved words of Rhai and Lua, and names that would shadow built-in names.
const RESERVED: [&str; 48] = [
    "match", "default", "new", "shared", "use", "with", "thread", "eval", "call", "is", "sync",
    "package", "super", "static", "var", "public", "go", "spawn", "await", "yield", "case", "goto",
    "nil", "null", "until", "this", "end", "function", "local", "repeat", "then", "and", "or",
    "not", "elseif", "switch", "do", "while", "loop", "for", "in", "if", "else", "return", "fn",
    "let", "import", "export",
];

fn evaluate_example(example: &str, language: Language, out: &Path) -> Result<String, String> {
    let mut lines: Vec<String> = rhai_to_lua::translate(example, language)
        .lines()
        .map(String::from)
        .collect();
    let last = lines.last_mut().ok_or("no example")?;
    if language == Language::Lua && !last.starts_with("local") && !last.starts_with("return") {
        *last = format!("return {last}");
    }
    let text = lines.join("\n");
    let run_config = RunConfig {
        out: out.into(),
        ..RunConfig::default()
    };
    let run = run_in(&text, language, run_config);
    match run.outcome {
        Ok(value) => Ok(display::print_text(&value)),
        Err(error) => Err(format!("{error} in\n{text}")),
    }
}

#[test]
fn every_example_returns_its_documented_value_in_both_languages() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut failures = Vec::new();
    for native in api::natives() {
        let doc = help::parse_doc(&native);
        if doc.example.is_empty() {
            continue;
        }
        for language in LANGUAGES {
            let actual = evaluate_example(&doc.example, language, out.path());
            match (actual, &doc.output) {
                (Err(error), _) => {
                    failures.push(format!("{} ({language:?}): {error}", native.path()))
                }
                (Ok(actual), Some(expected)) if actual != *expected => failures.push(format!(
                    "{} ({language:?}): shows\n{actual}\ninstead of\n{expected}",
                    native.path()
                )),
                _ => {}
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_function_that_returns_a_value_has_an_example() {
    /// Functions without an example, because the example would end the test.
    const EXEMPT: [&str; 1] = ["fail"];
    let lacks_example = |native: &Native| {
        help::parse_doc(native).example.is_empty()
            && native.returns != "nil"
            && !EXEMPT.contains(&native.name)
    };
    let names: Vec<String> = api::natives()
        .iter()
        .filter(|n| lacks_example(n))
        .map(Native::path)
        .collect();
    assert!(names.is_empty(), "no example: {}", names.join(", "));
}

#[test]
fn the_documentation_of_every_function_is_a_sentence() {
    let undocumented: Vec<String> = api::natives()
        .iter()
        .filter(|native| !help::parse_doc(native).text.ends_with(['.', ')', '`']))
        .map(Native::path)
        .collect();
    assert!(
        undocumented.is_empty(),
        "no doc: {}",
        undocumented.join(", ")
    );
}

#[test]
fn no_script_name_is_a_reserved_word() {
    let reserved: Vec<String> = api::natives()
        .iter()
        .filter(|native| RESERVED.contains(&native.name) || RESERVED.contains(&native.module))
        .map(Native::path)
        .collect();
    assert!(reserved.is_empty(), "reserved: {}", reserved.join(", "));
    let options = api::natives().into_iter().flat_map(|native| {
        let path = native.path();
        native
            .options()
            .iter()
            .map(|f| (path.clone(), f.name))
            .collect::<Vec<_>>()
    });
    let reserved: Vec<String> = options
        .filter(|(_, name)| RESERVED.contains(name))
        .map(|(path, name)| format!("{path}: {name}"))
        .collect();
    assert!(
        reserved.is_empty(),
        "reserved options: {}",
        reserved.join(", ")
    );
}

#[test]
fn examples_are_translated_to_lua() {
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

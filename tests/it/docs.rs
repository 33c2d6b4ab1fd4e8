//! The reference: every example runs in both languages and returns the documented value.

use std::path::Path;

use attractor::api::context::{Language, RunConfig};
use attractor::api::native::Native;
use attractor::api::value::Value;
use attractor::api::{self, display, doc_comment, help, lua_texts, rhai_to_lua};
use attractor::tensor::convert;

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
    let text = rhai_to_lua::translate_example(example, language);
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
        let doc = doc_comment::parse_doc(&native);
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

/// The example of a help page, as the reader sees it.
fn printed_example(page: &str) -> Option<String> {
    let (_, example) = page.split_once("\n\nexample:\n")?;
    let lines = example.lines().take_while(|line| !line.starts_with("  = "));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches("  ")).collect();
    Some(lines.join("\n"))
}

#[test]
fn every_example_on_a_lua_page_compiles_as_lua() {
    let lua = mlua::Lua::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for native in api::natives() {
        let path = native.path();
        let page = help::lookup(&api::modules(), &path, Language::Lua).expect("a page");
        let Some(example) = printed_example(&page) else {
            continue;
        };
        count += 1;
        if let Err(error) = lua.load(&example).into_function() {
            failures.push(format!("{path}: {error} in\n{example}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count > 200, "{count} examples");
}

#[test]
fn the_overview_lists_every_name() {
    for language in LANGUAGES {
        let page = help::lookup(&api::modules(), "", language).expect("the overview");
        let words = page.split(|c: char| !c.is_alphanumeric() && c != '_');
        let words: Vec<&str> = words.collect();
        for native in api::natives() {
            assert!(words.contains(&native.name), "{} is missing", native.path());
            assert!(page.contains(native.module), "{} is missing", native.module);
        }
    }
}

#[test]
fn the_page_of_a_cell_lists_its_parameters_with_their_shapes() {
    for function in ["vanilla", "ugrnn", "gru", "lstm", "ctrnn"] {
        let page = help::lookup(&api::modules(), &format!("rnn::{function}"), Language::Rhai);
        let page = page.expect("a page");
        let script = format!("rnn::{function}(#{{ inputs: 2, units: 3, outputs: 5 }}).params()");
        let run = run_in(&script, Language::Rhai, RunConfig::default());
        let Ok(Value::Map(params)) = run.outcome else {
            panic!("{script} returns no map");
        };
        for (name, value) in params {
            let Value::Tensor(tensor) = value else {
                panic!("{name} is no tensor");
            };
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("- `{name}` [")));
            let row = row.unwrap_or_else(|| panic!("{function}: {name} is missing:\n{page}"));
            let (_, shape) = row.split_once('[').expect("a shape");
            let (shape, initial) = shape.split_once("]: ").expect("initial values");
            let sizes: Vec<usize> = shape.split(", ").map(evaluate_size).collect();
            assert_eq!(sizes, tensor.dims(), "{function}: {row}");
            let values = convert::to_f64(&tensor).expect("values");
            let is_zero = values.iter().all(|x| *x == 0.0);
            assert_eq!(initial == "0", is_zero, "{function}: {row}");
        }
    }
}

/// The size `2 units + inputs` for 2 inputs, 3 units and 5 outputs.
fn evaluate_size(text: &str) -> usize {
    let term = |term: &str| {
        let (factor, name) = term.split_once(' ').unwrap_or(("1", term));
        let size = ["", "", "inputs", "units", "", "outputs"];
        let size = size.iter().position(|known| *known == name);
        factor.parse::<usize>().expect("a factor") * size.expect("a size")
    };
    text.split(" + ").map(term).sum()
}

#[test]
fn lists_in_documentation_have_one_line_per_item() {
    let page = help::lookup(&api::modules(), "fixed points.modes", Language::Rhai);
    let page = page.expect("a page");
    let items = page.lines().filter(|line| line.starts_with("- `")).count();
    assert!(items >= 10, "{page}");
}

#[test]
fn options_without_a_value_state_the_default_that_applies() {
    let rows = [
        ("rnn::gru", "number; default 0.5"),
        ("train", "integer of 1 or more; default log_every"),
        ("tasks::custom", "integer of 1 or more; required"),
        ("pca::fit", "integer of 1 or more; default all"),
    ];
    for (name, expected) in rows {
        let page = help::lookup(&api::modules(), name, Language::Rhai).expect("a page");
        assert!(page.contains(expected), "{name}: {page}");
    }
}

#[test]
fn code_in_the_text_of_a_lua_page_is_lua() {
    let table = [
        ("use `rnn::load(path)`", "use `rnn.load(path)`"),
        (
            "`net.run(100, #{ trials: 4 })` is",
            "`net:run(100, { trials = 4 })` is",
        ),
        ("pass `resume: false`", "pass `resume = false`"),
        ("`mode: \"time\"`: later", "`mode = \"time\"`: later"),
        ("`a ** b` in Rhai", "`a ** b` in Rhai"),
        ("net.run(x) outside code", "net.run(x) outside code"),
    ];
    for (rhai, lua) in table {
        assert_eq!(lua_texts::translate_text(rhai, Language::Lua), lua);
        assert_eq!(lua_texts::translate_text(rhai, Language::Rhai), rhai);
    }
}

#[test]
fn names_and_options_in_messages_are_translated_to_lua() {
    let table = [
        (
            "rnn::gru: option `unit` is not known",
            "rnn.gru: option `unit` is not known",
        ),
        (
            "reset P with `reset_p: true`",
            "reset P with `reset_p = true`",
        ),
        ("read it with `h5::rows`", "read it with `h5.rows`"),
        ("use h5::rows or json::read", "use h5.rows or json.read"),
        (
            "the entry `a::b` of run::x.h5",
            "the entry `a::b` of run::x.h5",
        ),
        (
            "`my_rnn::gru` is not a module",
            "`my_rnn::gru` is not a module",
        ),
        (
            "expected `units` of 1 or more",
            "expected `units` of 1 or more",
        ),
    ];
    for (rhai, lua) in table {
        assert_eq!(
            lua_texts::translate_message(rhai, &["rnn", "h5", "json"]),
            lua
        );
    }
}

#[test]
fn a_lua_page_contains_no_names_or_options_in_the_form_of_rhai() {
    for native in api::natives() {
        let name = native.path();
        let page = help::lookup(&api::modules(), &name, Language::Lua).expect("a page");
        let is_path = |(at, _): (usize, &str)| {
            page[..at].ends_with(char::is_alphanumeric)
                && page[at + 2..].starts_with(char::is_alphanumeric)
        };
        let path = page.match_indices("::").find(|found| is_path(*found));
        assert_eq!(path, None, "{name}: {page}");
        let options = page.split('`').skip(1).step_by(2);
        let rhai: Vec<_> = options.filter(|code| code.contains(": ")).collect();
        assert_eq!(rhai, Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn every_function_that_returns_a_value_has_an_example() {
    /// Functions without an example, because the example would end the test.
    const EXEMPT: [&str; 1] = ["fail"];
    let lacks_example = |native: &Native| {
        doc_comment::parse_doc(native).example.is_empty()
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
        .filter(|native| {
            !doc_comment::parse_doc(native)
                .text
                .ends_with(['.', ')', '`'])
        })
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

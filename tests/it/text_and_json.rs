//! Text and JSON files, their errors, and indexing in Lua.

use attractor::api::context::{Language, RunConfig};
use attractor::api::display;

use crate::session::{LANGUAGES, message_in, run_in};

fn run_config(out: &std::path::Path) -> RunConfig {
    RunConfig {
        out: out.into(),
        ..RunConfig::default()
    }
}

#[test]
fn json_values_are_unchanged_after_write_and_read() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let text = "json::write(\"a.json\", #{ none: (), yes: true, n: -3, x: 0.1, far: 1e300, \
                t: \"a \\\"b\\\" ü\", list: [1, [2.5]], rows: tensor([[1, 2], [3, 4]]) }); \
                text_of(json::read(\"a.json\"))";
    let run = run_in(text, Language::Rhai, run_config(out.path()));
    let actual = run.outcome.map(|value| display::print_text(&value));
    assert_eq!(
        actual.expect("a text"),
        "{far: 1e300, list: [1, [2.5]], n: -3, none: nil, rows: [[1.0, 2.0], [3.0, 4.0]], \
         t: \"a \\\"b\\\" ü\", x: 0.1, yes: true}"
    );
    let run = run_in(
        "json::text([0.0 / 0.0, 1.0 / 0.0])",
        Language::Rhai,
        run_config(out.path()),
    );
    let actual = run.outcome.map(|value| display::print_text(&value));
    assert_eq!(actual.expect("a text"), "[null,null]");
}

#[test]
fn invalid_text_and_json_are_errors() {
    let out = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(out.path().join("bytes"), [0xff, 0xfe, 0x00]).expect("a file");
    std::fs::write(out.path().join("half.json"), "{\"a\": [1, 2").expect("a file");
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    std::fs::write(out.path().join("deep.json"), deep).expect("a file");
    let table = [
        ("file::read(\"none.txt\")", "the file does not exist"),
        (
            "file::read(\"bytes\")",
            "expected text in UTF-8, found other bytes",
        ),
        (
            "json::read(\"half.json\")",
            "expected JSON, found a text that ends inside a value, at line 1, column 11",
        ),
        (
            "json::read(\"deep.json\")",
            "expected JSON, found too many nested lists or objects",
        ),
        (
            "json::value(\"1 2\")",
            "json::value: expected JSON, found text after the value",
        ),
        (
            "json::text(tasks::integrator())",
            "json::text: expected numbers, text, tensors, lists or maps, found a task",
        ),
        ("json::write(\"no/where.json\", 1)", "no does not exist"),
    ];
    for language in LANGUAGES {
        for (text, expected) in table {
            let text = match language {
                Language::Rhai => text.to_string(),
                Language::Lua => text.replace("::", "."),
            };
            match run_in(&text, language, run_config(out.path())).outcome {
                Err(error) => {
                    let expected = message_in(language, expected);
                    assert!(error.message.contains(&expected), "{}", error.message)
                }
                Ok(value) => panic!("{text}: returned {}", display::value_text(&value)),
            }
        }
    }
}

#[test]
fn only_indexable_values_can_be_indexed() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let setup = "local net = rnn.vanilla({ units = 3, gain = 0.5 }) \
                local points = fixed_points.find(net, { candidates = zeros({2, 3}) + 0.1 }) ";
    let table = [
        (
            "return { points[-1].label, #points }",
            Ok("[\"converged\", 1]"),
        ),
        (
            "return points[1]",
            Err("expected `index` from -1 to below 1, the number of points, found 1"),
        ),
        ("return net[1]", Err("a network cannot be indexed")),
        ("return #random.key(1)", Err("a key has no length")),
    ];
    for (expression, expected) in table {
        let run = run_in(
            &format!("{setup}{expression}"),
            Language::Lua,
            run_config(out.path()),
        );
        let actual = run.outcome.map(|value| display::print_text(&value));
        match (actual, expected) {
            (Ok(actual), Ok(expected)) => assert_eq!(actual, expected),
            (Err(error), Err(expected)) => {
                assert!(error.message.contains(expected), "{}", error.message);
            }
            (actual, _) => panic!("{expression}: {:?}", actual.map_err(|error| error.message)),
        }
    }
    let text = "let net = rnn::vanilla(#{ units: 3 }); net[0]";
    let error = run_in(text, Language::Rhai, run_config(out.path())).outcome;
    let error = error.expect_err("an error").message;
    assert_eq!(error, "a network cannot be indexed");
}

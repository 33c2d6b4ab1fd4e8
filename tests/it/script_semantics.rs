//! The behaviour of numbers in both languages: each row of `help("semantics")`, the values of the
//! functions of numbers, and the warnings of `attractor check`.

use attractor::api::context::Language::{self, Lua, Rhai};
use attractor::api::context::{Context, RunConfig, Script};
use attractor::api::semantics::{ERROR, SUBJECTS};
use attractor::api::{display, help, modules};
use attractor::host;
use std::rc::Rc;

use crate::session::{LANGUAGES, OutputRecorder, run};

/// The text of the result of an expression.
fn evaluate(expression: &str, language: Language) -> String {
    let text = match language {
        Rhai => expression.to_string(),
        Lua if expression.starts_with("local ") => expression.to_string(),
        Lua => format!("return {expression}"),
    };
    let outcome = run(&text, language).outcome;
    outcome.map_or(ERROR.into(), |value| display::value_text(&value))
}

#[test]
fn every_row_of_the_semantics_page_has_the_stated_results() {
    let mut failures = Vec::new();
    for row in SUBJECTS.iter().flat_map(|(_, rows)| *rows) {
        for (language, expression, expected) in [
            (Rhai, row.rhai, row.rhai_result),
            (Lua, row.lua, row.lua_result),
        ] {
            let actual = evaluate(expression, language);
            if actual != expected {
                failures.push(format!(
                    "{language:?}: {expression} is {actual}, not {expected}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn help_shows_the_semantics_page() {
    let page = help::lookup(&modules(), "semantics", Rhai).expect("the page");
    assert!(page.contains("7 / 10"), "{page}");
    assert!(page.contains("ipairs"), "{page}");
}

#[test]
fn functions_of_numbers_agree_with_the_methods_of_tensors() {
    for name in ["log", "log2", "log10", "round"] {
        for x in ["0.3", "2.5", "3.5", "1e-300"] {
            let number = evaluate(&format!("{name}({x})"), Rhai);
            let tensor = format!("tensor({x}, #{{ dtype: \"f64\" }}).{name}().item()");
            assert_eq!(number, evaluate(&tensor, Rhai), "{name}({x})");
            assert_eq!(
                number,
                evaluate(&format!("{name}({x})"), Lua),
                "{name}({x})"
            );
        }
    }
}

#[test]
fn comparisons_of_integers_and_floats_are_exact() {
    let cases = [
        ("9007199254740993", "9007199254740992.0", "false true false"),
        (
            "-9007199254740993",
            "-9007199254740992.0",
            "true false false",
        ),
        (
            "9223372036854775807",
            "9223372036854775808.0",
            "true false false",
        ),
        ("3", "3.0", "false false true"),
        ("-1", "-0.5", "true false false"),
        ("0", "(0.0 / 0.0)", "false false false"),
        ("1", "(1.0 / 0.0)", "true false false"),
    ];
    for (a, b, expected) in cases {
        for language in LANGUAGES {
            let results = ["<", ">", "=="].map(|operator| {
                let forward = evaluate(&format!("{a} {operator} {b}"), language);
                let mirrored = match operator {
                    "<" => ">",
                    ">" => "<",
                    other => other,
                };
                let backward = evaluate(&format!("{b} {mirrored} {a}"), language);
                assert_eq!(forward, backward, "{a} {operator} {b} in {language:?}");
                forward
            });
            assert_eq!(results.join(" "), expected, "{a} and {b} in {language:?}");
        }
    }
}

#[test]
fn values_other_than_numbers_compare_as_before() {
    let cases = [
        ("\"a\" < \"b\"", "true"),
        ("\"a\" == 'a'", "true"),
        ("'b' >= 'a'", "true"),
        ("true != false", "true"),
        ("() == ()", "true"),
        ("1 == \"1\"", "false"),
        ("1 < \"1\"", "false"),
        ("[1, [2.0]] == [1, [2]]", "true"),
        ("#{ a: 1 } == #{ a: 1 }", "true"),
        ("#{ a: 1 } != #{ a: 2 }", "true"),
        ("(0..3) == (0..3)", "true"),
        ("2.0 in [1, 2]", "true"),
        ("[3, 1].contains(1)", "true"),
        ("switch 3 { 3 => 1, _ => 2 }", "1"),
        ("blob(2) == blob(2)", "true"),
    ];
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression, Rhai), expected, "{expression}");
    }
}

/// The warnings of `attractor check`, as `line:column message`.
fn warnings(text: &str, language: Language) -> Vec<String> {
    let script = Script {
        path: "test".into(),
        text: text.into(),
    };
    let terminal = Rc::new(OutputRecorder::default());
    let stop = Default::default();
    let context = Context::new(RunConfig::default(), terminal, stop, language, &script);
    let mut host = host::new_session(context).expect("a session");
    let found = host.warnings(&script).into_iter().map(|warning| {
        let location = warning.location.expect("a location");
        let column = location.column.unwrap_or(0);
        format!("{}:{column} {}", location.line, warning.message)
    });
    found.collect()
}

#[test]
fn check_warns_about_operators_that_differ_between_the_languages() {
    let text = "let x = 2 ^ 3;\nlet y = -2.0 ** 2;\nlet z = (-2.0) ** 2;\nlet w = -x ** 2;\n\
                print(`a\\n${x}`);\nlet v = 2 ** 3;";
    let found = warnings(text, Rhai);
    let places: Vec<&str> = found
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(places, ["1:11", "2:14", "4:12", "5:7"], "{found:?}");
    assert!(found[0].contains("exclusive or"), "{found:?}");
    assert!(found[1].contains("(-x) ** y"), "{found:?}");
    assert!(found[3].contains("backticks"), "{found:?}");
    assert!(warnings("return 2 ^ 3", Lua).is_empty());
}

#[test]
fn check_warns_about_a_value_at_the_end_of_a_try_block() {
    let rows = [
        ("fn f() {\n    try { 3 } catch { 4 }\n}", vec!["2:11"]),
        (
            "fn f(x) {\n    try { g(x); } catch {\n        0\n    }\n}",
            vec!["3:9"],
        ),
        (
            "let f = |x| { try { x + 1 } catch { throw 1 } };",
            vec!["1:23"],
        ),
        ("fn f() { try { return 3; } catch { return 4; } }", vec![]),
        ("let y = 0; try { y = f(); } catch { y = 4; }", vec![]),
        ("try { f() } catch { print(1) }", vec![]),
    ];
    for (text, expected) in rows {
        let found = warnings(text, Rhai);
        let places: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(places, expected, "{text}: {found:?}");
    }
}

#[test]
fn removed_assignments_name_their_replacement() {
    for operator in ["/", "%"] {
        let error = run(&format!("let x = 1; x {operator}= 2;"), Rhai).outcome;
        let error = error.expect_err("the operator is not available");
        assert_eq!(error.hint, Some(format!("write x = x {operator} y")));
        assert!(error.message.contains(&format!("`{operator}=`")), "{error}");
    }
}

#[test]
fn a_number_with_a_fraction_as_an_index_suggests_floor_divide() {
    for script in [
        "let l = [1, 2, 3, 4]; l[l.len() / 2]",
        "let n = 4; for i in 0..n / 2 {}",
        "let n = 3; arange(4).slice(0, n / 2)",
    ] {
        let error = run(script, Rhai)
            .outcome
            .expect_err("an integer is expected");
        let hint = error.hint.expect("the remedy");
        assert!(hint.contains("floor_divide(a, b)"), "{script}: {hint}");
    }
}

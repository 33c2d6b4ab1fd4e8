//! Tables of comma-separated values.

use std::fs;

use super::{assert_outcomes, outcome};
use crate::session::LANGUAGES;

#[test]
fn columns_are_read_with_their_types() {
    let out = tempfile::tempdir().expect("a folder");
    let files = [
        (
            "a.csv",
            "\u{feff}time, side ,rate,id\r\n0.5,left,3,9007199254740993\r\n1e0,\"r,\"\"q\",,1\r\n",
        ),
        ("b.csv", "# comment\nx;y\n1;NA\n\n-inf; 2 \n"),
        ("c.csv", "skipped \"line\n1\t2\n3\t4\n"),
        ("d.csv", "a,b\n1,2\n3\n"),
        ("e.csv", ""),
        ("f.csv", "x,y,x\n1,2,3\n"),
        ("g.csv", ",x\n0,1\n1,\n"),
        ("h.csv", "x\n"),
    ];
    for (name, text) in files {
        fs::write(out.path().join(name), text).expect("a file");
    }
    let rows = [
        (
            r#"csv::read("a.csv")"#,
            "{id: tensor [2] i64 [9007199254740993, 1], rate: tensor [2] f64 [3, nan], side: \
             [\"left\", \"r,\\\"q\"], time: tensor [2] f64 [0.5, 1]}",
        ),
        (
            r##"csv::read("b.csv", #{ delimiter: ";", comment: "#" })"##,
            "{x: tensor [2] f64 [1, -inf], y: tensor [2] f64 [nan, 2]}",
        ),
        (
            "csv::read(\"c.csv\", #{ delimiter: \"\\t\", header: false, skip_rows: 1, \
             tensor: true })",
            "tensor [2, 2] f64 [[1, 2], [3, 4]]",
        ),
        (
            r#"csv::read("d.csv")"#,
            "d.csv: line 3: expected 2 fields, found 1; check the...",
        ),
        (
            r#"csv::read("d.csv", #{ header: false, skip_rows: 1 })"#,
            "d.csv: line 3: expected 2...",
        ),
        (
            r#"csv::read("e.csv")"#,
            "e.csv: expected a table, found no rows",
        ),
        (
            r#"csv::read("f.csv")"#,
            "f.csv: the column name `x` occurs twice; rename...",
        ),
        (r#"csv::header("g.csv")"#, r#"["c0", "x"]"#),
        (
            r#"csv::read("g.csv")"#,
            "{c0: tensor [2] f64 [0, 1], x: tensor [2] f64 [1, nan]}",
        ),
        (r#"csv::read("h.csv").x.shape()"#, "[0]"),
        (
            r#"csv::read("a.csv", #{ tensor: true })"#,
            "a.csv: expected numbers in all columns, for the option `tensor`, found the text \
             \"left\" in column `side`",
        ),
        (
            r#"csv::read("a.csv", #{ delimiter: "ab" })"#,
            "csv::read: expected `delimiter` one ASCII character, except quotes and line breaks, \
             found \"ab\"",
        ),
    ];
    assert_outcomes(&rows, out.path());
}

#[test]
fn numbers_are_unchanged_after_write_and_read() {
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("f.csv");
    let names = "expected one name per column, found 1 names and 2 columns";
    let names = format!("{}: {names}", path.display());
    let rows = [
        (
            r#"csv::write("a.csv", [0.1, 1e300, 5e-324, 1.0 / 3.0])"#,
            "nil",
        ),
        (
            r#"csv::read("a.csv").c0.to_list()"#,
            "[0.1, 1e300, 5e-324, 0.333333...",
        ),
        (
            r#"csv::write("b.csv", #{ n: [1, 9007199254740993], t: ["a,b", "\"c\""] })"#,
            "nil",
        ),
        (
            r#"csv::read("b.csv")"#,
            r#"{n: tensor [2] i64 [1, 9007199254740993], t: ["a,b", "\"c\""]}"#,
        ),
        (
            r#"csv::write("c.csv", [[1, 2], [3, 4]], #{ header: ["y", "x"] })"#,
            "nil",
        ),
        (r#"file::read("c.csv")"#, r#""y,x\n1.0,2.0\n3.0,4.0\n""#),
        (
            r#"csv::write("d.csv", #{ a: [1], b: [2] }, #{ header: ["b", "a"], delimiter: ";" })"#,
            "nil",
        ),
        (r#"file::read("d.csv")"#, r#""b;a\n2;1\n""#),
        (r#"csv::write("e.csv", [[1, 2]], #{ header: [] })"#, "nil"),
        (r#"file::read("e.csv")"#, r#""1.0,2.0\n""#),
        (
            r#"csv::write("f.csv", #{ a: [1], b: [2, 3] })"#,
            "csv::write: column `a` has 1 values, column `b` has 2; all columns need...",
        ),
        (
            r#"csv::write("f.csv", #{ a: [1] }, #{ header: ["b"] })"#,
            "csv::write: option `header`: column `b`...",
        ),
        (
            r#"csv::write("f.csv", zeros([2, 2, 2]))"#,
            "csv::write: expected a tensor [rows, columns], found shape [2, 2, 2]...",
        ),
        (
            r#"csv::write("f.csv", [[1, 2]], #{ header: ["x"] })"#,
            &names,
        ),
        (r#"file::exists("f.csv")"#, "false"),
    ];
    assert_outcomes(&rows, out.path());
    // The digits of f32 values are those of the same value in f64.
    for language in LANGUAGES {
        let text = "csv::write(\"g.csv\", random::normal(random::key(1), [50])); \
                    let x = csv::read(\"g.csv\").c0; \
                    (x - random::normal(random::key(1), [50]).f64()).abs().max().item()";
        let text = attractor::api::rhai_to_lua::translate(text, language);
        let text = match language {
            attractor::api::context::Language::Rhai => text,
            attractor::api::context::Language::Lua => text.replace("(x -", "return (x -"),
        };
        assert_eq!(outcome(&text, language, out.path()), "0.0");
    }
}

//! Scripts that are nested deeper than anyone writes: a fault with its place, in a moment.

use std::process::Command;

use tempfile::TempDir;

/// Text before the middle, the middle, and the text after it, each so many times.
fn nested(before: &str, middle: &str, after: &str, times: usize) -> String {
    format!("{}{middle}{}", before.repeat(times), after.repeat(times))
}

fn deep() -> Vec<(&'static str, &'static str, String)> {
    let rhai = |name, text: String| (name, "rhai", format!("let y = 2;\nlet x = {text};\n"));
    let lua = |name, text: String| (name, "lua", format!("local y = 2\nlocal x = {text}\n"));
    vec![
        rhai("a sum", format!("{}1", "1 + ".repeat(40_000))),
        rhai("a sum of a variable", format!("{}y", "y + ".repeat(40_000))),
        rhai("lists", nested("[", "", "]", 100_000)),
        rhai("brackets", nested("(", "1", ")", 50_000)),
        rhai("maps", nested("#{a: ", "1", "}", 20_000)),
        rhai("switches", nested("switch 1 { 1 => ", "2", " }", 20_000)),
        rhai("blocks", nested("{", "1", "}", 50_000)),
        rhai("conditions", nested("if true {", "1", "}", 20_000)),
        rhai("calls", nested("abs(", "1", ")", 20_000)),
        rhai("closures", format!("{}y", "|x| ".repeat(5_000))),
        lua("tables", nested("{", "", "}", 100_000)),
        lua("brackets", nested("(", "1", ")", 100_000)),
        lua(
            "functions",
            nested("function() return ", "1", " end", 20_000),
        ),
        lua("joined texts", format!("{}y", "y .. ".repeat(40_000))),
        lua("signs", format!("{}y", "- ".repeat(40_000))),
    ]
}

#[test]
fn a_script_that_is_nested_too_deep_is_refused_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    for (name, end, text) in deep() {
        let file = format!("deep.{end}");
        std::fs::write(folder.path().join(&file), &text).expect("a script");
        for command in ["check", "run"] {
            let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
                .args([command, &file])
                .current_dir(folder.path())
                .output()
                .expect("the program starts");
            let words = String::from_utf8_lossy(&output.stderr);
            let head: String = words.chars().take(300).collect();
            assert_eq!(output.status.code(), Some(1), "{end}, {name}: {head}");
            assert!(
                words.contains("nested too deep: expected at most"),
                "{end}, {name}: {head}"
            );
            assert!(
                words.contains(&format!("{file}:2:")),
                "{end}, {name}: {head}"
            );
        }
    }
}

#[test]
fn what_people_write_is_not_nested_too_deep() {
    let folder = TempDir::new().expect("a folder");
    let cases = [
        ("rhai", format!("print({}2);", "2 + ".repeat(400))),
        ("rhai", format!("print({});", nested("[", "1", "]", 60))),
        ("rhai", nested("if true { ", "print(1);", " }", 60)),
        ("lua", format!("print({}2)", "2 + ".repeat(40_000))),
        ("lua", nested("if true then ", "print(1)", " end", 60)),
    ];
    for (end, text) in cases {
        let file = format!("fine.{end}");
        std::fs::write(folder.path().join(&file), &text).expect("a script");
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["run", &file])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(words, "", "{end}");
        assert!(output.status.success(), "{end}");
    }
}

#[test]
fn an_imported_script_and_an_evaluated_text_are_refused_alike() {
    let folder = TempDir::new().expect("a folder");
    let deep = nested("[", "", "]", 100_000);
    std::fs::write(folder.path().join("deep.rhai"), format!("let x = {deep};")).expect("a script");
    let cases = [
        ("import \"deep\" as deep;", "deep.rhai:1:"),
        (
            "let s = \"[\"; s.pad(100000, '['); eval(s);",
            "main.rhai:1:",
        ),
    ];
    for (text, place) in cases {
        std::fs::write(folder.path().join("main.rhai"), text).expect("a script");
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["run", "main.rhai"])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let words = String::from_utf8_lossy(&output.stderr);
        let head: String = words.chars().take(300).collect();
        assert_eq!(output.status.code(), Some(1), "{head}");
        assert!(
            words.contains("nested too deep: expected at most"),
            "{head}"
        );
        assert!(words.contains(place), "{head}");
    }
}

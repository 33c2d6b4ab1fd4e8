//! Scripts with extreme nesting: an immediate error with its location.

use std::process::Command;

use tempfile::TempDir;

/// `middle` between `times` repetitions of `before` and of `after`.
fn nested(before: &str, middle: &str, after: &str, times: usize) -> String {
    format!("{}{middle}{}", before.repeat(times), after.repeat(times))
}

fn deep_scripts() -> Vec<(&'static str, &'static str, String)> {
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
fn extreme_nesting_is_an_error_with_a_location() {
    let folder = TempDir::new().expect("a folder");
    for (name, extension, text) in deep_scripts() {
        let file = format!("deep.{extension}");
        std::fs::write(folder.path().join(&file), &text).expect("a script");
        for command in ["check", "run"] {
            let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
                .args([command, &file])
                .current_dir(folder.path())
                .output()
                .expect("the program starts");
            let message = String::from_utf8_lossy(&output.stderr);
            let message_start: String = message.chars().take(300).collect();
            assert_eq!(
                output.status.code(),
                Some(1),
                "{extension}, {name}: {message_start}"
            );
            assert!(
                message.contains("nested too deep: expected at most"),
                "{extension}, {name}: {message_start}"
            );
            assert!(
                message.contains(&format!("{file}:2:")),
                "{extension}, {name}: {message_start}"
            );
        }
    }
}

#[test]
fn moderate_nesting_is_allowed() {
    let folder = TempDir::new().expect("a folder");
    let cases = [
        ("rhai", format!("print({}2);", "2 + ".repeat(400))),
        ("rhai", format!("print({});", nested("[", "1", "]", 60))),
        ("rhai", nested("if true { ", "print(1);", " }", 60)),
        ("lua", format!("print({}2)", "2 + ".repeat(40_000))),
        ("lua", nested("if true then ", "print(1)", " end", 60)),
    ];
    for (extension, text) in cases {
        let file = format!("fine.{extension}");
        std::fs::write(folder.path().join(&file), &text).expect("a script");
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["run", &file])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(message, "", "{extension}");
        assert!(output.status.success(), "{extension}");
    }
}

#[test]
fn the_nesting_limit_applies_to_imported_and_evaluated_scripts() {
    let folder = TempDir::new().expect("a folder");
    let deep_scripts = nested("[", "", "]", 100_000);
    std::fs::write(
        folder.path().join("deep.rhai"),
        format!("let x = {deep_scripts};"),
    )
    .expect("a script");
    let cases = [
        ("import \"deep\" as deep;", "deep.rhai:1:"),
        (
            "let s = \"[\"; s.pad(100000, '['); eval(s);",
            "main.rhai:1:",
        ),
    ];
    for (text, position) in cases {
        std::fs::write(folder.path().join("main.rhai"), text).expect("a script");
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["run", "main.rhai"])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let message = String::from_utf8_lossy(&output.stderr);
        let message_start: String = message.chars().take(300).collect();
        assert_eq!(output.status.code(), Some(1), "{message_start}");
        assert!(
            message.contains("nested too deep: expected at most"),
            "{message_start}"
        );
        assert!(message.contains(position), "{message_start}");
    }
}

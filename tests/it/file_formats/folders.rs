//! Folders, and appending to files.

use std::fs;

use super::assert_outcomes;

#[test]
fn folders_are_created_and_listed() {
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().display().to_string();
    let rows = [
        (r#"file::mkdir("a/b/c")"#, "nil".to_string()),
        (r#"file::mkdir("a/b")"#, "nil".into()),
        (
            r#"[file::exists("a/b/c"), file::exists("a/x")]"#,
            "[true, false]".into(),
        ),
        (r#"file::write("a/2.csv", "")"#, "nil".into()),
        (r#"file::write("a/1.csv", "")"#, "nil".into()),
        (r#"file::write("a/.hidden.csv", "")"#, "nil".into()),
        (r#"file::write("a/x", "")"#, "nil".into()),
        (
            r#"file::list("a")"#,
            r#"["a/1.csv", "a/2.csv", "a/b", "a/x"]"#.into(),
        ),
        (
            r#"file::list("a", "csv")"#,
            r#"["a/1.csv", "a/2.csv"]"#.into(),
        ),
        (
            r#"file::list("a", ".csv")"#,
            r#"["a/1.csv", "a/2.csv"]"#.into(),
        ),
        (
            r#"file::list("none")"#,
            "none: the file does not exist...".into(),
        ),
        (
            r#"file::list("a/x")"#,
            format!("{path}/a/x: expected a folder, found a file"),
        ),
        (
            r#"file::mkdir("a/x")"#,
            format!("{path}/a/x: expected a folder, found a file"),
        ),
        (
            r#"file::mkdir("a/x/y")"#,
            format!("{path}/a/x/y: expected a folder, found a file"),
        ),
    ];
    for (row, expected) in &rows {
        // Each language starts with the same files.
        let _ = fs::remove_file(out.path().join("nothing"));
        let first = row
            .contains("exists")
            .then(|| fs::remove_file(out.path().join("a/x")));
        drop(first);
        assert_outcomes(&[(row, expected)], out.path());
    }
}

#[test]
fn text_is_appended_to_regular_files() {
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().display().to_string();
    let log = out.path().join("log");
    assert_outcomes(&[(r#"file::append("log", "ab")"#, "nil")], out.path());
    // Once per language.
    assert_eq!(fs::read_to_string(log).expect("a file"), "abab");
    let folder = format!("{path}/: this is a folder, expected a file");
    let missing = format!("{path}/no/log: the folder {path}/no does not exist...");
    let rows = [
        (r#"file::append("", "x")"#, &*folder),
        (r#"file::append("no/log", "x")"#, &*missing),
    ];
    assert_outcomes(&rows, out.path());
}

//! The program with `--sandbox`: modules, messages, sessions and views.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::cli;

/// A script in the program's sandbox, beside a file with a secret in the folder above.
fn confined(scripts: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = TempDir::new().expect("a folder for the test");
    let work = folder.path().join("work");
    fs::create_dir(&work).expect("a subfolder");
    for end in ["rhai", "lua"] {
        let secret = format!("secret(1) + + {end}\n");
        fs::write(folder.path().join(format!("secret.{end}")), &secret).expect("a file");
        symlink(
            folder.path().join(format!("secret.{end}")),
            work.join(format!("link.{end}")),
        )
        .expect("a link");
        let fine = if end == "lua" {
            "return 5"
        } else {
            "fn five() { 5 }"
        };
        fs::write(work.join(format!("fine.{end}")), fine).expect("a module");
    }
    let run = |(name, text): &(&str, &str)| {
        let text = text.replace("ROOT", &folder.path().display().to_string());
        fs::write(work.join(name), text).expect("a script");
        let output = cli::program(&work, &["run", name, "--sandbox"]).output();
        let output = output.expect("the program starts");
        (
            name.to_string(),
            [output.stdout, output.stderr]
                .map(|bytes| cli::said(&bytes))
                .concat(),
        )
    };
    scripts.iter().map(run).collect()
}

#[test]
fn modules_outside_the_folder_of_the_script_are_refused() {
    let refused = confined(&[
        ("above.rhai", "import \"../secret\" as s;"),
        ("absolute.rhai", "import \"ROOT/secret\" as s;"),
        ("link.rhai", "import \"link\" as s;"),
        ("link.lua", "require('link')"),
        ("caught.lua", "print(select(2, pcall(require, 'link')))"),
        (
            "caught.rhai",
            "try { import \"../secret\" as s; print(1); } catch (e) { print(e) }",
        ),
    ]);
    for (name, shown) in refused {
        assert!(
            shown.contains("the sandbox does not allow reading here"),
            "{name}: {shown}"
        );
        assert!(!shown.contains("secret(1)"), "{name}: {shown}");
    }
    let others = confined(&[
        ("above.lua", "require('../secret')"),
        ("absolute.lua", "require('ROOT/secret')"),
        ("message.lua", "error('ROOT/secret.lua:1: look', 0)"),
        ("message.rhai", "throw \"ROOT/secret.rhai:1: look\";"),
        ("chunk.lua", "load('error(1)', '@ROOT/secret.lua')()"),
    ]);
    for (name, shown) in others {
        assert!(shown.starts_with("error: "), "{name}: {shown}");
        assert!(!shown.contains("secret(1)"), "{name}: {shown}");
    }
    let fine = confined(&[
        ("main.rhai", "import \"fine\" as f; print(f::five())"),
        ("main.lua", "print((require('fine')))"),
    ]);
    assert_eq!(fine[0].1, "5\n");
    assert_eq!(fine[1].1, "5\n");
}

#[test]
fn a_session_and_a_view_are_confined_too() {
    let folder = TempDir::new().expect("a folder for the test");
    let work = folder.path().join("work");
    let other = folder.path().join("other");
    fs::create_dir_all(work.join("out")).expect("subfolders");
    fs::create_dir(&other).expect("a subfolder");
    symlink(&other, work.join("up")).expect("a link");
    fs::write(other.join("x.json"), "7").expect("a file");
    let made = "h5::write(\"x.h5\", #{ x: zeros([2, 3, 3]) });";
    fs::write(other.join("make.rhai"), made).expect("a script");
    let output = cli::program(&other, &["run", "make.rhai"]).output();
    assert!(output.expect("the program starts").status.success());
    let inputs = [
        (&[][..], "file::read(\"../other/x.json\")"),
        (&["--lua"], "file.read('up/x.json')"),
    ];
    for (words, input) in inputs {
        fs::write(work.join("input"), input).expect("an input");
        let mut command = cli::program(&work, &[words, &["--sandbox"]].concat());
        let input = fs::File::open(work.join("input")).expect("the file was written");
        let output = command.stdin(input).output().expect("the program starts");
        let shown = cli::said(&output.stderr);
        assert!(
            shown.contains("the sandbox does not allow reading here"),
            "{shown}"
        );
    }
    // A file that the user names can be read, wherever it is; what is made of it stays in `--out`.
    let view = |save: &str| {
        let words = [
            "view",
            "../other/x.h5",
            "--sandbox",
            "--out",
            "out",
            "--save",
            save,
        ];
        let output = cli::program(&work, &words)
            .output()
            .expect("the program starts");
        cli::said(&output.stderr)
    };
    assert_eq!(view("seen.html"), "");
    assert!(work.join("out/seen.html").is_file());
    assert!(view("../seen.html").contains("the sandbox does not allow writing here"));
}

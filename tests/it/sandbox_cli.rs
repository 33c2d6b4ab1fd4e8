//! The program with `--sandbox`: modules, error messages, sessions and views.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::cli;

/// Runs each script in the sandbox, next to links to secret files of the parent folder. Returns the
/// names and outputs of the scripts.
fn run_in_sandbox(scripts: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = TempDir::new().expect("a folder for the test");
    let work = folder.path().join("work");
    fs::create_dir(&work).expect("a subfolder");
    for extension in ["rhai", "lua"] {
        let secret = format!("secret(1) + + {extension}\n");
        fs::write(folder.path().join(format!("secret.{extension}")), &secret).expect("a file");
        symlink(
            folder.path().join(format!("secret.{extension}")),
            work.join(format!("link.{extension}")),
        )
        .expect("a link");
        let module_text = if extension == "lua" {
            "return 5"
        } else {
            "fn five() { 5 }"
        };
        fs::write(work.join(format!("fine.{extension}")), module_text).expect("a module");
    }
    let run = |(name, text): &(&str, &str)| {
        let text = text.replace("ROOT", &folder.path().display().to_string());
        fs::write(work.join(name), text).expect("a script");
        let output = cli::program(&work, &["run", name, "--sandbox"]).output();
        let output = output.expect("the program starts");
        (
            name.to_string(),
            [output.stdout, output.stderr]
                .map(|bytes| cli::decode(&bytes))
                .concat(),
        )
    };
    scripts.iter().map(run).collect()
}

#[test]
fn modules_outside_the_folder_of_the_script_are_rejected() {
    let rejected = run_in_sandbox(&[
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
    for (name, output_text) in rejected {
        assert!(
            output_text.contains("the sandbox does not allow reading here"),
            "{name}: {output_text}"
        );
        assert!(!output_text.contains("secret(1)"), "{name}: {output_text}");
    }
    let errors = run_in_sandbox(&[
        ("above.lua", "require('../secret')"),
        ("absolute.lua", "require('ROOT/secret')"),
        ("message.lua", "error('ROOT/secret.lua:1: look', 0)"),
        ("message.rhai", "throw \"ROOT/secret.rhai:1: look\";"),
        ("chunk.lua", "load('error(1)', '@ROOT/secret.lua')()"),
    ]);
    for (name, output_text) in errors {
        assert!(output_text.starts_with("error: "), "{name}: {output_text}");
        assert!(!output_text.contains("secret(1)"), "{name}: {output_text}");
    }
    let allowed = run_in_sandbox(&[
        ("main.rhai", "import \"fine\" as f; print(f::five())"),
        ("main.lua", "print((require('fine')))"),
    ]);
    assert_eq!(allowed[0].1, "5\n");
    assert_eq!(allowed[1].1, "5\n");
}

#[test]
fn the_sandbox_also_applies_to_sessions_and_views() {
    let folder = TempDir::new().expect("a folder for the test");
    let work = folder.path().join("work");
    let other = folder.path().join("other");
    fs::create_dir_all(work.join("out")).expect("subfolders");
    fs::create_dir(&other).expect("a subfolder");
    symlink(&other, work.join("up")).expect("a link");
    fs::write(other.join("x.json"), "7").expect("a file");
    let script = "h5::write(\"x.h5\", #{ x: zeros([2, 3, 3]) });";
    fs::write(other.join("make.rhai"), script).expect("a script");
    let output = cli::program(&other, &["run", "make.rhai"]).output();
    assert!(output.expect("the program starts").status.success());
    let inputs = [
        (&[][..], "file::read(\"../other/x.json\")"),
        (&["--lua"], "file.read('up/x.json')"),
    ];
    for (args, input) in inputs {
        fs::write(work.join("input"), input).expect("an input");
        let mut command = cli::program(&work, &[args, &["--sandbox"]].concat());
        let input = fs::File::open(work.join("input")).expect("the file was written");
        let output = command.stdin(input).output().expect("the program starts");
        let output_text = cli::decode(&output.stderr);
        assert!(
            output_text.contains("the sandbox does not allow reading here"),
            "{output_text}"
        );
    }
    // A file on the command line can be read from any folder; its output must be below `--out`.
    let view = |save: &str| {
        let args = [
            "view",
            "../other/x.h5",
            "--sandbox",
            "--out",
            "out",
            "--save",
            save,
        ];
        let output = cli::program(&work, &args)
            .output()
            .expect("the program starts");
        cli::decode(&output.stderr)
    };
    assert_eq!(view("seen.html"), "");
    assert!(work.join("out/seen.html").is_file());
    assert!(view("../seen.html").contains("the sandbox does not allow writing here"));
}

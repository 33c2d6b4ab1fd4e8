//! `--sandbox`: the files that a script can access, and rejected accesses to other files.
#![cfg(unix)]

mod calls;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use attractor::api::context::{Language, RunConfig};
use attractor::api::diagnostic::Diagnostic;
use attractor::api::sandbox::Sandbox;
use attractor::api::value::Value;
use attractor::app::Arguments;
use attractor::app::args;
use clap::Parser;
use tempfile::TempDir;

use crate::session::{LANGUAGES, run_in};
use calls::{EXTENSIONS, READERS, WRITERS};

/// A folder `work` that the sandbox allows, and a folder `other` that it does not allow.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder for the test");
    let root = folder.path();
    for name in ["work", "work/out", "work/out/deep", "other"] {
        fs::create_dir(root.join(name)).expect("a subfolder");
    }
    let writer_script =
        "h5::write(\"x.h5\", #{ x: zeros([2, 2, 1]) }); file::write(\"x.json\", \"7\");";
    let config = RunConfig {
        out: root.join("other"),
        ..RunConfig::default()
    };
    run_in(writer_script, Language::Rhai, config)
        .outcome
        .expect("the files are written");
    for name in ["x.h5", "x.json"] {
        fs::copy(root.join("other").join(name), root.join("work").join(name)).expect("a copy");
        symlink(
            root.join("other").join(name),
            root.join("work").join(format!("link-{name}")),
        )
        .expect("a link");
        symlink(
            root.join("work").join(name),
            root.join("work").join(format!("own-{name}")),
        )
        .expect("a link");
    }
    symlink(root.join("other"), root.join("work/up")).expect("a link");
    for extension in EXTENSIONS {
        let links = root.join("work/out");
        symlink(
            root.join(format!("other/new.{extension}")),
            links.join(format!("new.{extension}")),
        )
        .expect("a dangling link");
        symlink(root.join("other"), links.join(format!("up-{extension}"))).expect("a link");
    }
    folder
}

fn sandbox_config(root: &Path) -> RunConfig {
    let work = root.join("work");
    let out = work.join("out");
    let sandbox_options = Sandbox::new(&[work], &out).expect("existing folders");
    RunConfig {
        out,
        sandbox: Some(sandbox_options),
        ..RunConfig::default()
    }
}

/// The outcome of a call in Rhai syntax, in which `PATH` is replaced by the path.
fn call(
    text: &str,
    path: &Path,
    language: Language,
    config: RunConfig,
) -> Result<Value, Diagnostic> {
    let text = text.replace("PATH", &path.display().to_string());
    let text = match language {
        Language::Rhai => text,
        Language::Lua => to_lua(&text),
    };
    run_in(&text, language, config).outcome
}

/// Translates a call to Lua; handles only the syntax that the calls in this file use.
fn to_lua(text: &str) -> String {
    let method =
        |text: String, name: &str| text.replace(&format!(").{name}("), &format!("):{name}("));
    let text = text
        .replace("::", ".")
        .replace("#{", "{")
        .replace(": ", " = ");
    let text = text.replace('[', "{").replace(']', "}");
    ["save", "shape"].into_iter().fold(text, method)
}

#[test]
fn no_function_reads_outside_the_allowed_folders() {
    let folder = folder();
    let root = folder.path();
    let paths = [
        "other/x.h5",
        "work/../other/x.h5",
        "work/out/../../other/x.h5",
        "work/link-x.h5",
        "work/up/x.h5",
        "other/missing.h5",
        "work/../../missing.h5",
    ];
    for (text, path) in READERS
        .iter()
        .flat_map(|text| paths.map(|path| (text, path)))
    {
        for language in LANGUAGES {
            let outcome = call(text, &root.join(path), language, sandbox_config(root));
            let error = outcome.expect_err(path).message;
            let expected_text = "the sandbox does not allow reading here";
            assert!(
                error.contains(expected_text),
                "{text} {path} {language:?}: {error}"
            );
        }
    }
}

#[test]
fn files_in_the_allowed_folders_are_read() {
    let folder = folder();
    let root = folder.path();
    let paths = [
        "work/x.h5",
        "work/own-x.h5",
        "work/out/../x.h5",
        "work/up/../x.h5",
    ];
    for (path, language) in paths
        .into_iter()
        .flat_map(|path| LANGUAGES.map(|l| (path, l)))
    {
        let text = match language {
            Language::Rhai => "h5::list(\"PATH\")",
            Language::Lua => "return h5::list(\"PATH\")",
        };
        let outcome = call(text, &root.join(path), language, sandbox_config(root));
        // `up` is a link: its parent folder is the parent of its target.
        match path.contains("up/..") {
            true => assert!(outcome.is_err(), "{path}"),
            false => drop(outcome.expect(path)),
        }
    }
    let missing = call(
        "h5::list(\"PATH\")",
        &root.join("work/no.h5"),
        LANGUAGES[0],
        sandbox_config(root),
    );
    assert!(
        missing
            .expect_err("an error")
            .message
            .contains("the file does not exist")
    );
    let sandbox_options =
        Sandbox::new(&[root.join("other")], &root.join("work/out")).expect("folders");
    let allowed_config = RunConfig {
        sandbox: Some(sandbox_options),
        out: root.join("work/out"),
        ..RunConfig::default()
    };
    call(
        "h5::list(\"PATH\")",
        &root.join("other/x.h5"),
        LANGUAGES[0],
        allowed_config,
    )
    .expect("the folder is allowed");
}

/// All files below a folder with their content, without links and their targets.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.symlink_metadata().expect("metadata") {
            metadata if metadata.is_dir() => all.extend(files(&path)),
            metadata if metadata.is_file() => {
                drop(all.insert(path.clone(), fs::read(&path).expect("a readable file")))
            }
            _ => {}
        }
    }
    all
}

#[test]
fn no_function_writes_outside_the_output_folder() {
    let folder = folder();
    let root = folder.path();
    let before = files(root);
    for (text, extension) in WRITERS {
        let paths = [
            format!("{}/other/created.{extension}", root.display()),
            format!("{}/work/created.{extension}", root.display()),
            format!("../created.{extension}"),
            format!("deep/../../created.{extension}"),
            format!("new.{extension}"),
            format!("up-{extension}/created.{extension}"),
            format!("../../none/created.{extension}"),
        ];
        for (path, language) in paths.iter().flat_map(|path| LANGUAGES.map(|l| (path, l))) {
            let outcome = call(text, Path::new(path), language, sandbox_config(root));
            let error = outcome.expect_err(text).message;
            let expected_text = "the sandbox does not allow writing here";
            assert!(
                error.contains(expected_text),
                "{text} {path} {language:?}: {error}"
            );
        }
    }
    assert_eq!(files(root), before);
}

#[test]
fn every_function_writes_below_the_output_folder() {
    let folder = folder();
    let root = folder.path();
    for ((text, extension), language) in WRITERS
        .into_iter()
        .flat_map(|row| LANGUAGES.map(|l| (row, l)))
    {
        for path in [
            format!("created.{extension}"),
            format!("deep/../deep/created.{extension}"),
        ] {
            call(text, Path::new(&path), language, sandbox_config(root)).expect(text);
            // A checkpoint does not replace other files.
            let _ = fs::remove_file(root.join("work/out").join(path));
        }
    }
    let missing = call(
        WRITERS[0].0,
        Path::new("none/created.txt"),
        LANGUAGES[0],
        sandbox_config(root),
    );
    assert!(
        missing
            .expect_err("an error")
            .message
            .contains("does not exist")
    );
}

#[test]
fn devices_and_pipes_are_rejected() {
    let folder = folder();
    let root = folder.path();
    let pipe = root.join("work/out/pipe");
    let status = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("`mkfifo` is available");
    assert!(status.success());
    for text in [
        "file::read(\"PATH\")",
        "file::write(\"PATH\", \"x\")",
        "h5::list(\"PATH\")",
    ] {
        let error = call(text, &pipe, LANGUAGES[0], sandbox_config(root))
            .expect_err(text)
            .message;
        assert!(
            error.contains("expected a regular file, found a"),
            "{text}: {error}"
        );
        let error = call(
            text,
            Path::new("/dev/null"),
            LANGUAGES[0],
            sandbox_config(root),
        );
        assert!(
            error
                .expect_err(text)
                .message
                .contains("the sandbox does not allow"),
            "{text}"
        );
    }
}

#[test]
fn a_sandbox_has_default_limits_for_memory_and_operations() {
    let cases: [(&[&str], u64, u64); 4] = [
        (&[], 0, 8 << 30),
        (&["--sandbox"], 1_000_000_000, 2 << 30),
        (
            &["--sandbox", "--max-operations", "0", "--max-memory", "1G"],
            0,
            1 << 30,
        ),
        (&["--max-operations", "7"], 7, 8 << 30),
    ];
    for (options, operations, memory) in cases {
        let all = [&["attractor", "run", "x.rhai"], options].concat();
        let parsed = Arguments::try_parse_from(&all).expect("a command line");
        let Some(args::Command::Run(run)) = parsed.command else {
            panic!("expected the command `run`");
        };
        let config = run
            .execution
            .settings(Vec::new(), &[PathBuf::new()])
            .expect("settings");
        assert_eq!(config.max_operations, operations, "{options:?}");
        assert_eq!(config.max_memory, memory, "{options:?}");
        assert_eq!(
            config.sandbox.is_some(),
            options.contains(&"--sandbox"),
            "{options:?}"
        );
    }
}

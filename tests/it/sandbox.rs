//! `--sandbox`: which files a script reaches, and which ways out of its folders are closed.
#![cfg(unix)]

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

/// A folder `work` that is open, beside files that are not.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder for the test");
    let root = folder.path();
    for name in ["work", "work/out", "work/out/deep", "other"] {
        fs::create_dir(root.join(name)).expect("a folder in it");
    }
    let written = "h5::write(\"x.h5\", #{ x: zeros([2, 2, 1]) }); file::write(\"x.json\", \"7\");";
    let settings = RunConfig {
        out: root.join("other"),
        ..RunConfig::default()
    };
    run_in(written, Language::Rhai, settings)
        .outcome
        .expect("files to read");
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
    for end in ENDS {
        let links = root.join("work/out");
        symlink(
            root.join(format!("other/new.{end}")),
            links.join(format!("new.{end}")),
        )
        .expect("a link to a file that is not there");
        symlink(root.join("other"), links.join(format!("up-{end}"))).expect("a link");
    }
    folder
}

const ENDS: [&str; 8] = [
    "h5",
    "json",
    "txt",
    "safetensors",
    "png",
    "svg",
    "html",
    "gif",
];

fn sandbox(root: &Path) -> RunConfig {
    let work = root.join("work");
    let out = work.join("out");
    let access = Sandbox::new(&[work], &out).expect("folders that are there");
    RunConfig {
        out,
        sandbox: Some(access),
        ..RunConfig::default()
    }
}

/// The outcome of a call with `PATH` in it, which is written as in Rhai.
fn call(
    text: &str,
    path: &Path,
    language: Language,
    settings: RunConfig,
) -> Result<Value, Diagnostic> {
    let text = text.replace("PATH", &path.display().to_string());
    let text = match language {
        Language::Rhai => text,
        Language::Lua => lua(&text),
    };
    run_in(&text, language, settings).outcome
}

/// The same call in Lua: these have no more than these words of Rhai.
fn lua(text: &str) -> String {
    let method =
        |text: String, name: &str| text.replace(&format!(").{name}("), &format!("):{name}("));
    let text = text
        .replace("::", ".")
        .replace("#{", "{")
        .replace(": ", " = ");
    let text = text.replace('[', "{").replace(']', "}");
    ["save", "shape"].into_iter().fold(text, method)
}

const READERS: [&str; 14] = [
    "file::read(\"PATH\")",
    "json::read(\"PATH\")",
    "h5::read(\"PATH\")",
    "h5::read(\"PATH\", \"x\")",
    "h5::rows(\"PATH\", \"x\", 0, 1)",
    "h5::list(\"PATH\")",
    "h5::attributes(\"PATH\")",
    "rnn::load(\"PATH\")",
    "force::load(\"PATH\")",
    "lfads::load(\"PATH\")",
    "fixed_points::load(\"PATH\")",
    "plot::load(\"PATH\")",
    "show::file(\"PATH\")",
    "tasks::dataset(\"PATH\", #{ inputs: \"x\", targets: \"x\" })",
];

#[test]
fn no_function_reads_outside_the_open_folders() {
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
            let outcome = call(text, &root.join(path), language, sandbox(root));
            let fault = outcome.expect_err(path).message;
            let words = "the sandbox does not allow reading here";
            assert!(fault.contains(words), "{text} {path} {language:?}: {fault}");
        }
    }
}

#[test]
fn files_in_the_open_folders_are_read() {
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
        let outcome = call(text, &root.join(path), language, sandbox(root));
        // `up` is a link: the folder above it is that of its target.
        match path.contains("up/..") {
            true => assert!(outcome.is_err(), "{path}"),
            false => drop(outcome.expect(path)),
        }
    }
    let missing = call(
        "h5::list(\"PATH\")",
        &root.join("work/no.h5"),
        LANGUAGES[0],
        sandbox(root),
    );
    assert!(
        missing
            .expect_err("a fault")
            .message
            .contains("the file does not exist")
    );
    let access = Sandbox::new(&[root.join("other")], &root.join("work/out")).expect("folders");
    let named = RunConfig {
        sandbox: Some(access),
        out: root.join("work/out"),
        ..RunConfig::default()
    };
    call(
        "h5::list(\"PATH\")",
        &root.join("other/x.h5"),
        LANGUAGES[0],
        named,
    )
    .expect("it is named");
}

/// Calls that write a file, and how its name ends.
const WRITERS: [(&str, &str); 16] = [
    ("file::write(\"PATH\", \"text\")", "txt"),
    ("json::write(\"PATH\", 1)", "json"),
    ("h5::write(\"PATH\", #{ x: 1 })", "h5"),
    ("rnn::vanilla(#{ units: 2 }).save(\"PATH\")", "h5"),
    (
        "rnn::vanilla(#{ units: 2 }).save(\"PATH\", #{ first_states: \"drop\" })",
        "safetensors",
    ),
    ("force::network(#{ units: 5 }).save(\"PATH\")", "h5"),
    (
        "lfads::model(#{ channels: 2, factors: 1 }).save(\"PATH\")",
        "h5",
    ),
    (
        "fixed_points::find(rnn::vanilla(#{ units: 2 }), #{ candidates: zeros([1, 2]) })\
         .save(\"PATH\")",
        "h5",
    ),
    ("plot::lines([1, 2]).save(\"PATH\")", "png"),
    ("plot::lines([1, 2]).save(\"PATH\")", "svg"),
    ("plot::lines([1, 2]).save(\"PATH\")", "h5"),
    ("scene::points([[0, 0, 0]]).save(\"PATH\")", "html"),
    (
        "scene::points([[0, 0, 0]]).save(\"PATH\", #{ frames: 2 })",
        "gif",
    ),
    (
        "view(scene::points([[0, 0, 0]]), #{ name: \"PATH\" })",
        "png",
    ),
    (
        "view(scene::points([[0, 0, 0]]), #{ picture: \"PATH\" })",
        "png",
    ),
    (
        "train(rnn::vanilla(#{ units: 2 }), tasks::integrator(), \
         #{ batches: 1, checkpoint: \"PATH\" })",
        "h5",
    ),
];

/// All files below a folder with their bytes, links and what they point to left out.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.symlink_metadata().expect("facts") {
            facts if facts.is_dir() => all.extend(files(&path)),
            facts if facts.is_file() => {
                drop(all.insert(path.clone(), fs::read(&path).expect("it")))
            }
            _ => {}
        }
    }
    all
}

#[test]
fn no_function_writes_outside_the_folder_for_written_files() {
    let folder = folder();
    let root = folder.path();
    let before = files(root);
    for (text, end) in WRITERS {
        let paths = [
            format!("{}/other/made.{end}", root.display()),
            format!("{}/work/made.{end}", root.display()),
            format!("../made.{end}"),
            format!("deep/../../made.{end}"),
            format!("new.{end}"),
            format!("up-{end}/made.{end}"),
            format!("../../none/made.{end}"),
        ];
        for (path, language) in paths.iter().flat_map(|path| LANGUAGES.map(|l| (path, l))) {
            let outcome = call(text, Path::new(path), language, sandbox(root));
            let fault = outcome.expect_err(text).message;
            let words = "the sandbox does not allow writing here";
            assert!(fault.contains(words), "{text} {path} {language:?}: {fault}");
        }
    }
    assert_eq!(files(root), before);
}

#[test]
fn every_function_writes_below_the_folder_for_written_files() {
    let folder = folder();
    let root = folder.path();
    for ((text, end), language) in WRITERS
        .into_iter()
        .flat_map(|row| LANGUAGES.map(|l| (row, l)))
    {
        for path in [format!("made.{end}"), format!("deep/../deep/made.{end}")] {
            call(text, Path::new(&path), language, sandbox(root)).expect(text);
            // A checkpoint is not written over another file.
            let _ = fs::remove_file(root.join("work/out").join(path));
        }
    }
    let missing = call(
        WRITERS[0].0,
        Path::new("none/made.txt"),
        LANGUAGES[0],
        sandbox(root),
    );
    assert!(
        missing
            .expect_err("a fault")
            .message
            .contains("does not exist")
    );
}

#[test]
fn devices_and_pipes_are_refused() {
    let folder = folder();
    let root = folder.path();
    let pipe = root.join("work/out/pipe");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo is there");
    assert!(made.success());
    for text in [
        "file::read(\"PATH\")",
        "file::write(\"PATH\", \"x\")",
        "h5::list(\"PATH\")",
    ] {
        let fault = call(text, &pipe, LANGUAGES[0], sandbox(root))
            .expect_err(text)
            .message;
        assert!(
            fault.contains("expected a regular file, found a"),
            "{text}: {fault}"
        );
        let fault = call(text, Path::new("/dev/null"), LANGUAGES[0], sandbox(root));
        assert!(
            fault
                .expect_err(text)
                .message
                .contains("the sandbox does not allow"),
            "{text}"
        );
    }
}

#[test]
fn a_sandbox_limits_memory_and_operations_unless_the_user_does() {
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
    for (words, operations, memory) in cases {
        let all = [&["attractor", "run", "x.rhai"], words].concat();
        let arguments = Arguments::try_parse_from(&all).expect("a command line");
        let Some(args::Command::Run(run)) = arguments.command else {
            panic!("expected the command `run`");
        };
        let settings = run
            .execution
            .settings(Vec::new(), &[PathBuf::new()])
            .expect("settings");
        assert_eq!(settings.max_operations, operations, "{words:?}");
        assert_eq!(settings.max_memory, memory, "{words:?}");
        assert_eq!(
            settings.sandbox.is_some(),
            words.contains(&"--sandbox"),
            "{words:?}"
        );
    }
}

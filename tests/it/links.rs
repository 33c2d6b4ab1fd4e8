//! Files that refer to other files: in a sandbox, none of these may lie outside its folders. The
//! files were made by `tests/references/hdf5_links.py`.

use std::path::{Path, PathBuf};

use attractor::api::context::{Language, RunConfig};
use attractor::api::sandbox::Sandbox;

use crate::session::{Run, run_in};

fn inside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/references/hdf5_links/inside")
}

/// Runs a Rhai script in which FILE is a path, in a sandbox or without one.
fn run(file: &str, text: &str, sandbox: bool) -> (String, String) {
    let out = tempfile::tempdir().expect("a folder");
    let access = || Sandbox::new(&[inside()], out.path()).expect("folders");
    let settings = RunConfig {
        out: out.path().into(),
        sandbox: sandbox.then(access),
        ..RunConfig::default()
    };
    let text = text.replace("FILE", &inside().join(file).display().to_string());
    let Run { outcome, printed } = run_in(&text, Language::Rhai, settings);
    let error = outcome
        .err()
        .map_or(String::new(), |error| error.to_string());
    (printed, error)
}

/// Files with an entry `x` whose values lie outside the sandbox, and whether they can be read
/// without a sandbox from any working directory.
const OUTSIDE: [(&str, bool); 7] = [
    ("link.h5", true),
    ("soft.h5", true),
    ("chain.h5", true),
    ("virtual.h5", true),
    ("virtual_chain.h5", true),
    ("virtual_virtual.h5", true),
    ("raw.h5", false),
];

/// Ways to read the entry.
const CALLS: [&str; 5] = [
    r#"h5::read("FILE", "x").to_list()"#,
    r#"h5::rows("FILE", "x", 0, 2).to_list()"#,
    r#"h5::read("FILE")"#,
    r#"h5::list("FILE")"#,
    r#"tasks::dataset("FILE", #{ inputs: "x", targets: "x" })"#,
];

#[test]
fn a_sandbox_hides_values_that_lie_outside_of_it() {
    for (file, _) in OUTSIDE {
        for call in CALLS {
            let (printed, error) = run(file, &format!("print({call})"), true);
            let text = format!("{printed}{error}");
            assert!(!text.contains("42.0"), "{file} {call}: {text}");
            let reason = "which the sandbox does not allow to read";
            assert!(text.contains(reason), "{file} {call}: {text}");
        }
        let text = "print(rnn::load(\"FILE\"))";
        let (printed, error) = run(file, text, true);
        assert!(
            !format!("{printed}{error}").contains("[2]"),
            "{file}: {error}"
        );
    }
}

#[test]
fn without_a_sandbox_the_same_values_are_read() {
    for (file, _) in OUTSIDE.iter().filter(|(_, readable)| *readable) {
        let (printed, error) = run(file, &format!("print({})", CALLS[0]), false);
        assert_eq!(printed, "[42.0, 43.0]", "{file}: {error}");
    }
}

#[test]
fn a_sandbox_allows_links_between_its_own_files() {
    let text = r#"print(h5::read("FILE", "link").to_list()); print(h5::read("FILE").x.to_list())"#;
    let (printed, error) = run("allowed.h5", text, true);
    assert_eq!(printed, "[1.0, 2.0]\n[1.0, 2.0]", "{error}");
}

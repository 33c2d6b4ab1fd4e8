//! The bundled tutorials, in both languages.

use std::fs;
use std::path::Path;
use std::process::Command;

use attractor::app::tutorials::TUTORIALS;
use tempfile::TempDir;

fn attractor(args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    let output = command.args(args).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// Names and bytes of what a tutorial drew. Data files hold the script too, which differs.
fn drawn(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pictures = paths.filter(|path| path.extension().is_some_and(|end| end != "h5"));
    let mut files: Vec<(String, Vec<u8>)> = pictures
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn each_has_a_form_in_lua_and_none_has_a_fault_that_can_be_seen_before_it_runs() {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/");
    for pair in TUTORIALS.chunks(2) {
        let files: Vec<&str> = pair.iter().map(|tutorial| tutorial.file).collect();
        let [rhai, lua] = files[..] else {
            panic!("{files:?} is no pair");
        };
        assert_eq!(rhai.strip_suffix(".rhai"), lua.strip_suffix(".lua"));
        for file in files {
            let (fine, said) = attractor(&["check", &format!("{scripts}{file}")]);
            assert!(fine, "{file}: {said}");
        }
    }
}

#[test]
fn both_forms_draw_the_same_pictures() {
    // The others take longer, also with a small budget.
    for (name, pictures) in [
        ("integrator", 6),
        ("flip-flop", 5),
        ("force", 4),
        ("lorenz", 2),
    ] {
        let folders = [&[][..], &["--lua"][..]].map(|language| {
            let folder = TempDir::new().expect("a folder");
            let out = folder.path().display().to_string();
            let how = ["tutorial", name, "--quick", "--no-window", "--out", &out];
            let (fine, said) = attractor(&[&how[..], language].concat());
            assert!(fine, "{name}: {said}");
            folder
        });
        let [rhai, lua] = folders.each_ref().map(|folder| drawn(folder.path()));
        assert_eq!(rhai.len(), pictures, "{name}");
        for (one, other) in rhai.iter().zip(&lua) {
            assert_eq!(one.0, other.0);
            assert!(one.1 == other.1, "{name}: {} differs", one.0);
        }
    }
}

//! The bundled tutorials, in both languages.

use std::fs;
use std::path::Path;
use std::process::Command;

use attractor::app::tutorials::TUTORIALS;
use tempfile::TempDir;

fn attractor(args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    let output = command.args(args).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), stderr)
}

/// Names and content of the figures of a tutorial. Data files are excluded, because they contain
/// the script, which differs between the languages.
fn read_figures(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let figure_paths = paths.filter(|path| path.extension().is_some_and(|end| end != "h5"));
    let mut files: Vec<(String, Vec<u8>)> = figure_paths
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn each_tutorial_exists_in_both_languages_and_passes_check() {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/");
    for pair in TUTORIALS.chunks(2) {
        let files: Vec<&str> = pair.iter().map(|tutorial| tutorial.file).collect();
        let [rhai, lua] = files[..] else {
            panic!("{files:?} is no pair");
        };
        assert_eq!(rhai.strip_suffix(".rhai"), lua.strip_suffix(".lua"));
        for file in files {
            let (is_ok, stderr) = attractor(&["check", &format!("{scripts}{file}")]);
            assert!(is_ok, "{file}: {stderr}");
        }
    }
}

#[test]
fn both_languages_draw_identical_figures() {
    // The other tutorials take longer, even with --quick.
    for (name, count) in [
        ("integrator", 6),
        ("flip-flop", 5),
        ("force", 4),
        ("lorenz", 2),
    ] {
        let folders = [&[][..], &["--lua"][..]].map(|language| {
            let folder = TempDir::new().expect("a folder");
            let out = folder.path().display().to_string();
            let args = ["tutorial", name, "--quick", "--no-window", "--out", &out];
            let (is_ok, stderr) = attractor(&[&args[..], language].concat());
            assert!(is_ok, "{name}: {stderr}");
            folder
        });
        let [rhai, lua] = folders.each_ref().map(|folder| read_figures(folder.path()));
        assert_eq!(rhai.len(), count, "{name}");
        for (rhai_figure, lua_figure) in rhai.iter().zip(&lua) {
            assert_eq!(rhai_figure.0, lua_figure.0);
            assert!(
                rhai_figure.1 == lua_figure.1,
                "{name}: {} differs",
                rhai_figure.0
            );
        }
    }
}

//! The two languages agree: each pair of scripts below tests/scripts prints the same text, which
//! stands beside them in a `.out` file.

use std::path::{Path, PathBuf};

use crate::session::{LANGUAGES, run};
use attractor::api::context::Language;

fn expected_outputs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder)
        .expect("a folder of scripts")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            expected_outputs(&path, found);
        } else if path.extension().is_some_and(|end| end == "out") {
            found.push(path);
        }
    }
}

#[test]
fn paired_scripts_print_the_same_in_both_languages() {
    let mut outputs = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    expected_outputs(&root, &mut outputs);
    assert!(!outputs.is_empty(), "no scripts below {}", root.display());
    for output in outputs {
        let expected = std::fs::read_to_string(&output).expect("the expected output");
        for language in LANGUAGES {
            let end = if language == Language::Rhai {
                "rhai"
            } else {
                "lua"
            };
            let script = output.with_extension(end);
            let text = std::fs::read_to_string(&script).expect("the script of the expected output");
            let run = run(&text, language);
            let mut printed = run.printed;
            if let Err(fault) = run.outcome {
                printed.push_str(&format!("\nfault: {fault}"));
                if let Some(hint) = fault.hint {
                    printed.push_str(&format!("\nhint: {hint}"));
                }
            }
            assert_eq!(printed.trim(), expected.trim(), "{}", script.display());
        }
    }
}

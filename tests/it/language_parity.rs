//! Equivalence of the two languages: each pair of scripts below tests/scripts prints the text of
//! its `.out` file, in Lua with names and options in the form of Lua.

use std::path::{Path, PathBuf};

use crate::session::{LANGUAGES, message_in, run};
use attractor::api::context::Language;

fn collect_outputs(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder)
        .expect("a folder of scripts")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            collect_outputs(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "out") {
            paths.push(path);
        }
    }
}

#[test]
fn paired_scripts_print_the_expected_output_in_both_languages() {
    let mut outputs = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    collect_outputs(&root, &mut outputs);
    assert!(!outputs.is_empty(), "no scripts below {}", root.display());
    for output in outputs {
        let expected = std::fs::read_to_string(&output).expect("the expected output");
        for language in LANGUAGES {
            let extension = if language == Language::Rhai {
                "rhai"
            } else {
                "lua"
            };
            let script = output.with_extension(extension);
            let text = std::fs::read_to_string(&script).expect("the script of the expected output");
            let run = run(&text, language);
            let mut printed = run.printed;
            if let Err(error) = run.outcome {
                printed.push_str(&format!("\nerror: {error}"));
                if let Some(hint) = error.hint {
                    printed.push_str(&format!("\nhint: {hint}"));
                }
            }
            let expected = message_in(language, &expected);
            assert_eq!(printed.trim(), expected.trim(), "{}", script.display());
        }
    }
}

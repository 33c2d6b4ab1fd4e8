//! Files of NumPy, MATLAB and tables, damaged files, and folders. `tests/references/array_files.py`
//! generates the reference files.

mod csv;
mod damage;
mod folders;
mod mat;
mod npy;
mod view;

use std::path::{Path, PathBuf};

use attractor::api::context::{Language, RunConfig};
use attractor::api::display;

use crate::session::{LANGUAGES, message_in, run_in};

/// A memory limit for reading, in bytes.
const LIMIT: u64 = 1 << 26;

fn reference(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/references/array_files");
    folder.join(name)
}

/// The printed value of a script in a language, or the message and the hint of its error.
fn outcome(text: &str, language: Language, out: &Path) -> String {
    let config = RunConfig {
        out: out.into(),
        ..RunConfig::default()
    };
    match run_in(text, language, config).outcome {
        Ok(value) => display::value_text(&value),
        Err(error) => match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        },
    }
}

/// Compares the values of calls in both languages. A call is in Rhai; its Lua form differs in `::`,
/// maps and lists.
fn assert_outcomes(rows: &[(&str, &str)], out: &Path) {
    for (text, expected) in rows {
        for language in LANGUAGES {
            let text = match language {
                Language::Rhai => text.to_string(),
                Language::Lua => {
                    let text = attractor::api::rhai_to_lua::translate(text, language);
                    format!("return {text}")
                }
            };
            let actual = outcome(&text, language, out);
            let expected = message_in(language, expected);
            let matches = match expected.strip_suffix("...") {
                Some(start) => actual.starts_with(start),
                None => actual == expected,
            };
            assert!(
                matches,
                "{text}\n  found    {actual}\n  expected {expected}"
            );
        }
    }
}

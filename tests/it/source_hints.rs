//! Hints from the source text: syntax of other languages, variables that a function cannot access,
//! undeclared variables, misspelt names, missing entries, and loops over values without elements.

mod loops;
mod names;
mod other_language;
mod script_functions;
mod sessions;

use attractor::api::context::Language;

use crate::session::{Run, check_texts, run};

/// What a script prints, and its error with the hint.
fn text_of(text: &str, language: Language) -> String {
    let Run { outcome, printed } = run(text, language);
    match outcome {
        Ok(_) => printed,
        Err(error) => format!(
            "{}; hint: {}",
            error.message,
            error.hint.unwrap_or_default()
        ),
    }
}

/// Checks that the text of each script contains the words.
fn check(language: Language, rows: &[(&str, &str)]) {
    check_texts(rows, |text| text_of(text, language));
}

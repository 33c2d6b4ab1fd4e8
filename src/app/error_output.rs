//! Standard error: single lines, and the reports of errors.

use std::io::{IsTerminal, Write, stderr};

use crate::api::context::Script;
use crate::api::diagnostic::Diagnostic;
use crate::host::{self, Colours};

/// Writes an error to standard error, in colour if that is a terminal.
pub fn print_error(error: &Diagnostic, script: &Script) {
    print_error_line(&host::report(error, script, colours()));
}

/// Writes a warning to standard error.
pub fn print_warning(warning: &Diagnostic, script: &Script) {
    print_error_line(&host::warning(warning, script, colours()));
}

/// Writes one line to standard error.
pub fn print_error_line(line: &str) {
    // If standard error is closed, the failure cannot be reported.
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Whether errors are printed in colour.
fn colours() -> Colours {
    let enabled = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if enabled && stderr().is_terminal() {
        Colours::On
    } else {
        Colours::Off
    }
}

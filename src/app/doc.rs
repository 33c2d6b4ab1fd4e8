//! Output of the reference to the terminal.

use super::args::{self, DocArgs};
use super::exit::ExitStatus;
use super::terminal;
use crate::api::diagnostic::Diagnostic;
use crate::api::{self, help, manual};

/// Prints the reference of one name, an overview, or the full reference as Markdown.
///
/// Errors: the name is unknown
pub fn doc(request: &DocArgs) -> Result<ExitStatus, Diagnostic> {
    let text = if request.markdown {
        manual::markdown()
    } else {
        help::lookup(
            &api::modules(),
            request.name.as_deref().unwrap_or(""),
            args::language(request.lua),
        )?
    };
    Ok(terminal::print_line(text.trim_end()))
}

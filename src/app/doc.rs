//! The reference on the terminal.

use super::args::{self, Doc};
use super::end::End;
use super::screen;
use crate::api::fault::Fault;
use crate::api::{help, manual};

/// Writes the reference of one name, an overview, or everything as Markdown.
///
/// Errors: a name that nothing has.
pub fn doc(wanted: &Doc) -> Result<End, Fault> {
    let text = if wanted.markdown {
        manual::markdown()
    } else {
        help::find(
            wanted.name.as_deref().unwrap_or(""),
            args::language(wanted.lua),
        )?
    };
    Ok(screen::say(text.trim_end()))
}

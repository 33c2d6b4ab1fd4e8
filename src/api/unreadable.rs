//! A note on the entries of a file that were skipped because they cannot be read.

use super::context::Context;
use crate::base::Error;
use crate::io::hdf5::Unreadable;

/// Maximum number of names in a note.
const MAX_NAMES: usize = 5;

/// Prints which entries were skipped, with the reasons; nothing if there are none.
pub fn print_note(cx: &Context, path: &str, unreadable: &[Unreadable]) {
    if unreadable.is_empty() {
        return;
    }
    let describe = |Unreadable { key, error }: &Unreadable| {
        let reason = match error {
            Error::File { fact, .. } => fact.entry_reason(),
            _ => None,
        };
        format!("`{key}` ({})", reason.unwrap_or_else(|| error.to_string()))
    };
    let mut names: Vec<String> = unreadable.iter().take(MAX_NAMES).map(describe).collect();
    if unreadable.len() > MAX_NAMES {
        names.push(format!("and {} more", unreadable.len() - MAX_NAMES));
    }
    let names = names.join(", ");
    cx.terminal.print(&format!(
        "{path}: read without entries that cannot be read: {names}"
    ));
}

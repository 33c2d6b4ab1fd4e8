//! Source lines of scripts, for error reports.

use std::borrow::Cow;
use std::path::Path;

use crate::api::context::Script;

/// The text of the script that ran, or of another script below its folder. Empty for any other
/// file, because scripts control the file names in their errors, and for a file that cannot be
/// read.
pub fn text<'a>(script: &'a Script, file: &str) -> Cow<'a, str> {
    if file == script.path {
        return Cow::Borrowed(&script.text);
    }
    Cow::Owned(imported_text(script, file).unwrap_or_default())
}

/// The text of another script below the folder of `script`.
fn imported_text(script: &Script, file: &str) -> Option<String> {
    let extension = Path::new(file).extension()?;
    let folder = script.folder();
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => &folder,
    };
    let [folder, file] = [folder, Path::new(file)].map(std::fs::canonicalize);
    let (folder, file) = (folder.ok()?, file.ok()?);
    let is_script = ["rhai", "lua"].iter().any(|known| extension == *known);
    let is_allowed = is_script && file.starts_with(folder) && file.is_file();
    is_allowed.then(|| std::fs::read_to_string(file).ok())?
}

/// Line number `line` (from 1) of `text`.
pub fn line(text: &str, line: usize) -> Option<&str> {
    text.lines().nth(line.checked_sub(1)?)
}

/// The column (from 1) of the first occurrence of `name` as a complete identifier in `line`.
pub fn column_of(line: &str, name: &str) -> Option<usize> {
    let is_identifier_char = |c: char| c.is_alphanumeric() || c == '_';
    let occurrence = line.match_indices(name).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(is_identifier_char) && !after.is_some_and(is_identifier_char)
    });
    occurrence.map(|(at, _)| line[..at].chars().count() + 1)
}

//! Places in a script's text: the source line of a fault, and where in it the culprit stands.

use std::borrow::Cow;
use std::path::Path;

use crate::api::context::Script;

/// The text of a script: the one that ran, or another one below its folder. Empty for any other
/// file, since scripts choose the names that their errors carry, and if it cannot be read (any
/// more).
pub fn text<'a>(script: &'a Script, file: &str) -> Cow<'a, str> {
    if file == script.path {
        return Cow::Borrowed(&script.text);
    }
    Cow::Owned(neighbour(script, file).unwrap_or_default())
}

fn neighbour(script: &Script, file: &str) -> Option<String> {
    let end = Path::new(file).extension()?;
    let folder = script.folder();
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => &folder,
    };
    let [folder, file] = [folder, Path::new(file)].map(std::fs::canonicalize);
    let (folder, file) = (folder.ok()?, file.ok()?);
    let is_script = ["rhai", "lua"].iter().any(|known| end == *known);
    let inside = is_script && file.starts_with(folder) && file.is_file();
    inside.then(|| std::fs::read_to_string(file).ok())?
}

/// The text of line `line` (from 1), if there is one.
pub fn line(text: &str, line: usize) -> Option<&str> {
    text.lines().nth(line.checked_sub(1)?)
}

/// The column (from 1) at which `name` stands as a word of its own in `line`.
pub fn column_of(line: &str, name: &str) -> Option<usize> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = line.match_indices(name).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    });
    found.map(|(at, _)| line[..at].chars().count() + 1)
}

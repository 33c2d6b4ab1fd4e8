//! Loading of script files, with a specific error message for each failure.

use std::io::ErrorKind;
use std::path::Path;

use crate::api::context::{Language, Script};
use crate::api::diagnostic::Diagnostic;
use crate::base::Error;
use crate::base::error::{FileError, nearest};
use crate::host;

/// The script at `path` and its language.
///
/// Errors: the path does not end in `.rhai` or `.lua`; the file is missing, a folder, unreadable or
/// not UTF-8
pub fn read(path: &Path) -> Result<(Script, Language), Diagnostic> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| read_error(path, error))?;
    let language = host::language_of(&name)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let found = format!("a byte that is not UTF-8 at position {at}");
        let expected = "a script in UTF-8";
        Error::file(path, FileError::Format { expected, found })
    })?;
    // Some Windows editors prepend a byte order mark, which has no meaning in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_string();
    Ok((Script { path: name, text }, language))
}

fn read_error(path: &Path, source: std::io::Error) -> Diagnostic {
    let fact = match source.kind() {
        _ if path.is_dir() => FileError::Folder,
        ErrorKind::NotFound => FileError::Missing,
        _ => FileError::System {
            action: "reading",
            source,
        },
    };
    let missing = matches!(fact, FileError::Missing);
    let error = Diagnostic::from(Error::file(path, fact));
    match similar_script(path).filter(|_| missing) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// A script in the same folder with a name similar to `path`.
fn similar_script(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let searched = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(searched).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let scripts: Vec<String> = names
        .filter(|file| host::language_of(file).is_ok())
        .collect();
    let name = path.file_name()?.to_str()?;
    let similar = nearest(name, scripts.iter().map(String::as_str))?;
    Some(folder.join(similar).display().to_string())
}

//! Scripts from files, with clear words for every way in which that can fail.

use std::io::ErrorKind;
use std::path::Path;

use crate::api::context::{Language, Script};
use crate::api::fault::Fault;
use crate::base::Error;
use crate::base::error::{FileFault, nearest};
use crate::host;

/// The script at `path` and its language.
///
/// Errors: a path that does not end in `.rhai` or `.lua`, or a file that is missing, a folder,
/// unreadable, or not text.
pub fn script(path: &Path) -> Result<(Script, Language), Fault> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| unread(path, error))?;
    let language = host::language_of(&name)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let found = format!("a byte that is not UTF-8 at position {at}");
        let expected = "a script in UTF-8";
        Error::file(path, FileFault::Format { expected, found })
    })?;
    // Editors of one system begin a text with a mark that means nothing in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_string();
    Ok((Script { path: name, text }, language))
}

fn unread(path: &Path, source: std::io::Error) -> Fault {
    let fact = match source.kind() {
        _ if path.is_dir() => FileFault::Folder,
        ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::System {
            action: "reading",
            source,
        },
    };
    let missing = matches!(fact, FileFault::Missing);
    let fault = Fault::from(Error::file(path, fact));
    match near(path).filter(|_| missing) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// A script in the same folder that `path` was probably meant to be.
fn near(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let looked = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(looked).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let scripts: Vec<String> = names
        .filter(|name| host::language_of(name).is_ok())
        .collect();
    let wanted = path.file_name()?.to_str()?;
    let found = nearest(wanted, scripts.iter().map(String::as_str))?;
    Some(folder.join(found).display().to_string())
}

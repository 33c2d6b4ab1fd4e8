//! Where the inputs of earlier sessions are kept.

use std::path::PathBuf;

use crate::api::context::Language;
use crate::io;

/// The history file of a language, in the platform's folder for data; none without such a folder,
/// or if something other than a plain file is in its place.
pub fn file(language: Language) -> Option<PathBuf> {
    let name = match language {
        Language::Rhai => "history-rhai.txt",
        Language::Lua => "history-lua.txt",
    };
    let path = folder()?.join("attractor").join(name);
    // The line editor changes the permissions of its file: those of a device are not its to change.
    io::is_plain(&path).then_some(path)
}

fn folder() -> Option<PathBuf> {
    let variable = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    if cfg!(target_os = "windows") {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        Some(variable("HOME")?.join("Library/Application Support"))
    } else {
        let home = || Some(variable("HOME")?.join(".local/share"));
        variable("XDG_DATA_HOME").or_else(home)
    }
}

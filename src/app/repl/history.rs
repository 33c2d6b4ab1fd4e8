//! Location of the input history.

use std::path::PathBuf;

use crate::api::context::Language;
use crate::io;

/// The history file of a language in the data folder of the platform; `None` if there is no such
/// folder, or if the path is not a regular file.
pub fn file(language: Language) -> Option<PathBuf> {
    let name = match language {
        Language::Rhai => "history-rhai.txt",
        Language::Lua => "history-lua.txt",
    };
    let path = folder()?.join("attractor").join(name);
    // The line editor changes the permissions of its file, which must not happen to a device.
    io::is_replaceable(&path).then_some(path)
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

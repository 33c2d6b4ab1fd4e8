//! The library's words for what went wrong, as facts of ours.

use std::io;
use std::path::Path;

use crate::base::Error;
use crate::base::error::FileFault;
use crate::io::atomic::system;

/// How the library quotes the operating system.
const ERRNO: &str = "errno = ";

/// A fault of reading `path`.
pub fn reading(path: &Path, fault: ::hdf5::Error) -> Error {
    translate(path, "reading", &fault)
}

/// A fault of writing `path`.
pub fn writing(path: &Path, fault: ::hdf5::Error) -> Error {
    translate(path, "writing", &fault)
}

/// An entry that is there but cannot be given.
pub fn kind(path: &Path, key: &str, found: impl Into<String>) -> Error {
    let (key, found) = (key.to_string(), found.into());
    Error::file(path, FileFault::EntryKind { key, found })
}

/// A place in the file that contradicts the rest.
pub fn damaged(path: &Path, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::file(path, FileFault::Damaged { found })
}

fn translate(path: &Path, action: &'static str, fault: &::hdf5::Error) -> Error {
    let text = fault.to_string();
    match errno(&text) {
        Some(code) => system(path, action, io::Error::from_raw_os_error(code)),
        None => damaged(path, innermost(&text)),
    }
}

fn errno(text: &str) -> Option<i32> {
    let (_, after) = text.split_once(ERRNO)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `H5Dread(): can't read: bad heap` says `bad heap`: the outer words name only our own call.
fn innermost(text: &str) -> String {
    let words = text.split_once("(): ").map_or(text, |(_, words)| words);
    words
        .rsplit_once(": ")
        .map_or(words, |(_, last)| last)
        .trim()
        .to_string()
}

//! Conversion of library errors to file errors.

use std::io;
use std::path::Path;

use super::library::Target;
use crate::base::Error;
use crate::base::error::FileError;
use crate::io::system_error::system_error;

/// The prefix of system error numbers in library messages.
const ERRNO: &str = "errno = ";
/// Library messages for features of later versions.
const NEWER: [&str; 4] = [
    "bad version number",
    "bad superblock version",
    "unknown version",
    "wrong fractal heap header version",
];
/// Library message for missing external data files.
const EXTERNAL: &str = "external raw data file";
/// Library messages for a file whose superblock is marked as open for writing.
const WRITING: [&str; 2] = ["already open for write", "already open for SWMR write"];

/// Frequent library messages and what they mean for the user.
const MESSAGES: [(&str, &str); 7] = [
    (
        "inflate() failed",
        "compressed values that cannot be expanded",
    ),
    (
        "filter returned failure",
        "compressed values that cannot be expanded",
    ),
    (
        "data error detected by Fletcher32",
        "values with a wrong checksum",
    ),
    ("name doesn't exist", "a name that does not exist"),
    ("doesn't exist", "a part that does not exist"),
    (
        "incorrect metadata checksum",
        "metadata with a wrong checksum",
    ),
    ("file signature not found", "no HDF5 signature"),
];

/// An error while reading the file at `path`.
pub fn reading(path: &Path, error: ::hdf5::Error) -> Error {
    translate(path, "reading", &error.to_string(), |found| {
        FileError::Damaged { found }
    })
}

/// An error while reading the entry `key`.
pub fn entry(path: &Path, key: &str, error: ::hdf5::Error) -> Error {
    if error.to_string().contains(EXTERNAL) {
        let found = "its values are in an external file, which cannot be opened from the working \
                     directory";
        return kind(path, key, found);
    }
    translate(path, "reading", &error.to_string(), |found| {
        let key = key.to_string();
        FileError::EntryDamaged { key, found }
    })
}

/// An error while writing `path`.
pub fn writing(path: &Path, error: ::hdf5::Error) -> Error {
    translate(path, "writing", &error.to_string(), |found| {
        FileError::Damaged { found }
    })
}

/// An existing entry that cannot be read.
pub fn kind(path: &Path, key: &str, found: impl Into<String>) -> Error {
    let (key, found) = (key.to_string(), found.into());
    Error::file(path, FileError::EntryKind { key, found })
}

/// A link without a target.
pub fn dead_link(path: &Path, key: &str, target: Option<Target>) -> Error {
    let key = key.to_string();
    let (entry, file) = match target {
        Some(target) => (target.entry, target.file),
        None => ("?".into(), None),
    };
    Error::file(path, FileError::DeadLink { key, entry, file })
}

/// An inconsistent part of the file.
pub fn damaged(path: &Path, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::file(path, FileError::Damaged { found })
}

/// An inconsistent entry.
pub fn damaged_entry(path: &Path, key: &str, found: impl Into<String>) -> Error {
    let (key, found) = (key.to_string(), found.into());
    Error::file(path, FileError::EntryDamaged { key, found })
}

fn translate(
    path: &Path,
    action: &'static str,
    text: &str,
    damaged: impl Fn(String) -> FileError,
) -> Error {
    let contains_any = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if contains_any(&WRITING) {
        return Error::file(path, FileError::Writing);
    }
    if let Some(code) = errno(text) {
        return system_error(path, action, io::Error::from_raw_os_error(code));
    }
    let found = innermost(text);
    Error::file(
        path,
        match contains_any(&NEWER) {
            true => FileError::Newer { found },
            false => damaged(found),
        },
    )
}

fn errno(text: &str) -> Option<i32> {
    let (_, rest) = text.split_once(ERRNO)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Reduces `H5Dread(): can't read: bad heap` to `bad heap`: the outer parts name only the called
/// function.
fn innermost(text: &str) -> String {
    let message = text.split_once("(): ").map_or(text, |(_, message)| message);
    let last = message.rsplit_once(": ").map_or(message, |(_, last)| last);
    let known = MESSAGES.iter().find(|(message, _)| last.contains(message));
    match known {
        Some((_, message)) => (*message).into(),
        None => format!("HDF5: {}", last.trim()),
    }
}

/// Whether an entry with this error is skipped: it is valid but cannot be read, or too large.
pub fn is_skippable(error: &Error) -> bool {
    let Error::File { fact, .. } = error else {
        // The entries that fit into the memory are read.
        return matches!(error, Error::Memory { .. });
    };
    matches!(
        fact,
        FileError::EntryKind { .. }
            | FileError::DeadLink { .. }
            | FileError::Filter { .. }
            | FileError::Newer { .. }
            | FileError::Denied { .. }
    )
}

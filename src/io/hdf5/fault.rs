//! Errors of the library, as facts of ours.

use std::io;
use std::path::Path;

use super::library::Target;
use crate::base::Error;
use crate::base::error::FileFault;
use crate::io::atomic::system;

/// How the library quotes the operating system.
const ERRNO: &str = "errno = ";
/// How the library refuses what a later version of it wrote.
const NEWER: [&str; 4] = [
    "bad version number",
    "bad superblock version",
    "unknown version",
    "wrong fractal heap header version",
];
/// How the library misses the file that an entry has its values in.
const OUTSIDE: &str = "external raw data file";
/// How the library refuses a file whose superblock says that it is being written.
const WRITING: [&str; 2] = ["already open for write", "already open for SWMR write"];

/// An error of reading the file at `path`.
pub fn reading(path: &Path, fault: ::hdf5::Error) -> Error {
    translate(path, "reading", &fault.to_string(), |found| {
        FileFault::Damaged { found }
    })
}

/// An error of reading the entry `key`.
pub fn entry(path: &Path, key: &str, fault: ::hdf5::Error) -> Error {
    if fault.to_string().contains(OUTSIDE) {
        let found = "its values are in another file, which cannot be opened from the folder that \
                     attractor was started in";
        return kind(path, key, found);
    }
    translate(path, "reading", &fault.to_string(), |found| {
        let key = key.to_string();
        FileFault::EntryDamaged { key, found }
    })
}

/// An error of writing `path`.
pub fn writing(path: &Path, fault: ::hdf5::Error) -> Error {
    translate(path, "writing", &fault.to_string(), |found| {
        FileFault::Damaged { found }
    })
}

/// An entry that is there but cannot be read.
pub fn kind(path: &Path, key: &str, found: impl Into<String>) -> Error {
    let (key, found) = (key.to_string(), found.into());
    Error::file(path, FileFault::EntryKind { key, found })
}

/// A link whose target is not there.
pub fn dead_link(path: &Path, key: &str, target: Option<Target>) -> Error {
    let key = key.to_string();
    let (entry, file) = match target {
        Some(target) => (target.entry, target.file),
        None => ("?".into(), None),
    };
    Error::file(path, FileFault::DeadLink { key, entry, file })
}

/// A part of the file that contradicts the rest.
pub fn damaged(path: &Path, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::file(path, FileFault::Damaged { found })
}

/// An entry that contradicts itself.
pub fn damaged_entry(path: &Path, key: &str, found: impl Into<String>) -> Error {
    let (key, found) = (key.to_string(), found.into());
    Error::file(path, FileFault::EntryDamaged { key, found })
}

fn translate(
    path: &Path,
    action: &'static str,
    text: &str,
    damaged: impl Fn(String) -> FileFault,
) -> Error {
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if says(&WRITING) {
        return Error::file(path, FileFault::Writing);
    }
    if let Some(code) = errno(text) {
        return system(path, action, io::Error::from_raw_os_error(code));
    }
    let found = innermost(text);
    Error::file(
        path,
        match says(&NEWER) {
            true => FileFault::Newer { found },
            false => damaged(found),
        },
    )
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

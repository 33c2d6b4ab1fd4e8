//! File access of scripts. Without `--sandbox` a script has the permissions of its user. With it,
//! [`Sandbox`] checks every path that a script names.
//!
//! Paths are resolved first, including links and `..`, and then compared with the allowed folders.
//! The resolved path is the one that is opened, and a new file is created under a temporary name
//! that must not exist. A link that appears there in between is therefore not followed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::diagnostic::Diagnostic;
use crate::base::Error;
use crate::base::error::FileError;
use crate::io::special;

/// The folders that a script may access.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Resolved folders whose files may be read.
    read: Vec<PathBuf>,
    /// Resolved folder below which files may be written.
    write: PathBuf,
}

impl Sandbox {
    /// A sandbox that allows reading below `read` and `write`, and writing below `write`.
    ///
    /// Errors: `File` for a folder that does not exist
    pub fn new(read: &[PathBuf], write: &Path) -> Result<Sandbox, Error> {
        let resolve = |folder: &Path| {
            // A script path without a folder refers to the current folder.
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let resolved =
                fs::canonicalize(folder).map_err(|source| resolve_error(folder, source))?;
            match resolved.is_dir() {
                true => Ok(resolved),
                false => {
                    let (expected, found) = ("a folder for --allow-read", "a file".into());
                    Err(Error::file(folder, FileError::Format { expected, found }))
                }
            }
        };
        let write = resolve(write)?;
        let read = read.iter().map(|folder| resolve(folder));
        let mut read = read.collect::<Result<Vec<_>, _>>()?;
        read.push(write.clone());
        Ok(Sandbox { read, write })
    }

    /// The resolved path of a regular file that may be read. A missing file passes: opening it
    /// reports the error.
    ///
    /// Errors: a path outside the allowed folders, or a device or pipe
    pub fn resolve_read(&self, path: &Path) -> Result<PathBuf, Diagnostic> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            // Opening the file reports the error. The existence of files elsewhere stays hidden.
            Err(_) if self.is_readable(&normalize(path)) => return Ok(path.to_path_buf()),
            Err(_) => return Err(access_error(path, READING)),
        };
        if !self.is_readable(&resolved) {
            return Err(access_error(path, READING));
        }
        check_regular(path, &resolved)?;
        Ok(resolved)
    }

    /// The resolved path of a file that may be written.
    ///
    /// Errors: a path outside the folder of `--out`, or a device or pipe
    pub fn resolve_write(&self, path: &Path) -> Result<PathBuf, Diagnostic> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(source) if source.kind() == ErrorKind::NotFound => self.resolve_new_file(path)?,
            Err(_) => return Err(access_error(path, WRITING)),
        };
        if !resolved.starts_with(&self.write) {
            return Err(access_error(path, WRITING));
        }
        check_regular(path, &resolved)?;
        Ok(resolved)
    }

    /// The resolved path of a folder to create; the folders that contain it may be missing.
    ///
    /// Errors: a path outside the folder of `--out`, or a missing part that is a link or `..`
    pub fn resolve_new_folder(&self, path: &Path) -> Result<PathBuf, Diagnostic> {
        let mut missing = Vec::new();
        let mut existing = path;
        let resolved = loop {
            match (fs::canonicalize(existing), existing.parent()) {
                (Ok(resolved), _) => break resolved,
                // A link to a missing folder is rejected: the folder would be created elsewhere.
                (Err(_), Some(parent)) if fs::symlink_metadata(existing).is_err() => {
                    let name = existing.file_name();
                    missing.push(name.ok_or_else(|| access_error(path, WRITING))?);
                    existing = match parent.as_os_str().is_empty() {
                        true => Path::new("."),
                        false => parent,
                    };
                }
                _ => return Err(access_error(path, WRITING)),
            }
        };
        match resolved.starts_with(&self.write) {
            true => Ok(missing
                .iter()
                .rev()
                .fold(resolved, |path, name| path.join(name))),
            false => Err(access_error(path, WRITING)),
        }
    }

    /// The resolved path of a file that does not exist yet.
    fn resolve_new_file(&self, path: &Path) -> Result<PathBuf, Diagnostic> {
        // A link to a missing file is rejected: writing would follow the link.
        let is_link = fs::symlink_metadata(path).is_ok();
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(access_error(path, WRITING));
        };
        match fs::canonicalize(folder) {
            _ if is_link => Err(access_error(path, WRITING)),
            Ok(folder) => Ok(folder.join(name)),
            Err(_) if normalize(path).starts_with(&self.write) => {
                let folder = folder.to_path_buf();
                Err(Error::file(path, FileError::NoFolder { folder }).into())
            }
            Err(_) => Err(access_error(path, WRITING)),
        }
    }

    fn is_readable(&self, resolved: &Path) -> bool {
        self.read.iter().any(|folder| resolved.starts_with(folder))
    }
}

const READING: &str = "reading";
const WRITING: &str = "writing";

/// The error for a path outside the allowed folders.
fn access_error(path: &Path, action: &str) -> Diagnostic {
    let path = path.display();
    let hint = match action {
        WRITING => "files are written below the folder of --out",
        _ => "files are read below the script's folder, --out, and each --allow-read DIR",
    };
    Diagnostic::new(format!("{path}: the sandbox does not allow {action} here")).hint(hint)
}

/// Checks that `resolved` is not a special file. A missing path or a folder passes: opening it
/// reports its own error.
///
/// Errors: a device, a pipe or a socket
fn check_regular(path: &Path, resolved: &Path) -> Result<(), Diagnostic> {
    match fs::symlink_metadata(resolved) {
        Ok(metadata) if !(metadata.is_file() || metadata.is_dir()) => {
            let (expected, found) = ("a regular file", special::describe(&metadata).into());
            Err(Error::file(path, FileError::Format { expected, found }).into())
        }
        _ => Ok(()),
    }
}

fn resolve_error(path: &Path, source: std::io::Error) -> Error {
    let cause = match source.kind() {
        ErrorKind::NotFound => FileError::Missing,
        _ => FileError::System {
            action: "resolving the path",
            source,
        },
    };
    Error::file(path, cause)
}

/// The absolute form of a path, with `..` removed lexically, without access to the file system.
fn normalize(path: &Path) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    let current = fs::canonicalize(&current).unwrap_or(current);
    let mut absolute = PathBuf::new();
    for part in current.join(path).components() {
        match part {
            Component::ParentDir => drop(absolute.pop()),
            Component::CurDir => {}
            part => absolute.push(part),
        }
    }
    absolute
}

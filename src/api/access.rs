//! Which files a script may reach. Without `--sandbox` a script may do what its user may; with it,
//! every path that a script names passes through [`Access`].
//!
//! Paths are resolved first, links and `..` included, and then compared with the folders that are
//! open. What is opened afterwards is the resolved path, and new files appear under a temporary
//! name that must not exist: a link that is put there meanwhile is not followed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::fault::Fault;
use crate::base::Error;
use crate::base::error::FileFault;

/// The folders that are open to a script.
#[derive(Debug, Clone)]
pub struct Access {
    /// Resolved folders whose files can be read.
    read: Vec<PathBuf>,
    /// The resolved folder that files are written below.
    write: PathBuf,
}

impl Access {
    /// Errors: `File` for a folder that does not exist
    pub fn new(read: &[PathBuf], write: &Path) -> Result<Access, Error> {
        let resolve = |folder: &Path| {
            // The folder of a script that is named without one is the current folder.
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let resolved = fs::canonicalize(folder).map_err(|source| missing(folder, source))?;
            match resolved.is_dir() {
                true => Ok(resolved),
                false => {
                    let (expected, found) = ("a folder for --allow-read", "a file".into());
                    Err(Error::file(folder, FileFault::Format { expected, found }))
                }
            }
        };
        let write = resolve(write)?;
        let read = read.iter().map(|folder| resolve(folder));
        let mut read = read.collect::<Result<Vec<_>, _>>()?;
        read.push(write.clone());
        Ok(Access { read, write })
    }

    /// The resolved path of a plain file that can be read. A file that is missing is left to
    /// whoever opens it.
    ///
    /// Errors: a path that leaves the open folders, or leads to a device or pipe
    pub fn to_read(&self, path: &Path) -> Result<PathBuf, Fault> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            // Opening it says what is wrong. Whether a file exists elsewhere is not told.
            Err(_) if self.is_readable(&lexical(path)) => return Ok(path.to_path_buf()),
            Err(_) => return Err(closed(path, READING)),
        };
        if !self.is_readable(&resolved) {
            return Err(closed(path, READING));
        }
        plain(path, &resolved)?;
        Ok(resolved)
    }

    /// The resolved path of a file that can be written.
    ///
    /// Errors: a path that leaves the folder of `--out`, or leads to a device or pipe
    pub fn to_write(&self, path: &Path) -> Result<PathBuf, Fault> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(source) if source.kind() == ErrorKind::NotFound => self.new_file(path)?,
            Err(_) => return Err(closed(path, WRITING)),
        };
        if !resolved.starts_with(&self.write) {
            return Err(closed(path, WRITING));
        }
        plain(path, &resolved)?;
        Ok(resolved)
    }

    /// The resolved path of a file that does not exist yet.
    fn new_file(&self, path: &Path) -> Result<PathBuf, Fault> {
        // A link to a file that is missing is no new file: writing would follow it.
        let is_link = fs::symlink_metadata(path).is_ok();
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(closed(path, WRITING));
        };
        match fs::canonicalize(folder) {
            _ if is_link => Err(closed(path, WRITING)),
            Ok(folder) => Ok(folder.join(name)),
            Err(_) if lexical(path).starts_with(&self.write) => {
                let folder = folder.to_path_buf();
                Err(Error::file(path, FileFault::NoFolder { folder }).into())
            }
            Err(_) => Err(closed(path, WRITING)),
        }
    }

    fn is_readable(&self, resolved: &Path) -> bool {
        self.read.iter().any(|folder| resolved.starts_with(folder))
    }
}

const READING: &str = "reading";
const WRITING: &str = "writing";

/// The fault of a path outside the open folders.
fn closed(path: &Path, action: &str) -> Fault {
    let path = path.display();
    let hint = match action {
        WRITING => "files are written below the folder of --out",
        _ => "files are read below the script's folder, --out, and each --allow-read DIR",
    };
    Fault::new(format!("{path}: the sandbox does not allow {action} here")).hint(hint)
}

/// Errors: a device, a pipe or a socket; what is missing or a folder has faults of its own later
fn plain(path: &Path, resolved: &Path) -> Result<(), Fault> {
    match fs::symlink_metadata(resolved) {
        Ok(facts) if !(facts.is_file() || facts.is_dir()) => {
            let (expected, found) = ("a file", "a device, a pipe or a socket".into());
            Err(Error::file(path, FileFault::Format { expected, found }).into())
        }
        _ => Ok(()),
    }
}

fn missing(path: &Path, source: std::io::Error) -> Error {
    let fact = match source.kind() {
        ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::System {
            action: "resolving the path",
            source,
        },
    };
    Error::file(path, fact)
}

/// The absolute form of a path, with `..` removed by name alone.
fn lexical(path: &Path) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    let current = fs::canonicalize(&current).unwrap_or(current);
    let mut whole = PathBuf::new();
    for part in current.join(path).components() {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    whole
}

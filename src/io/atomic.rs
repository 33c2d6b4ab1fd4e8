//! Files that are whole or absent: written beside their place, forced to the disk, then renamed.
//! A crash, a full disk or an interruption leaves the former file as it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// Tries for a free name beside the target; a hundred leftovers of one process mean a deeper fault.
const NAMES: usize = 100;

/// Writes `bytes` to `path`, whole or not at all.
///
/// Errors: `File` if the folder is missing, the path is a folder, or the disk refuses
pub fn atomic_write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let beside = Beside::new(path)?;
    let written = OpenOptions::new()
        .write(true)
        .open(beside.path())
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| system(path, "writing", source))?;
    beside.keep()
}

/// A temporary file beside its target. [`Beside::keep`] puts it in the target's place; dropped
/// before that, it is removed.
#[derive(Debug)]
pub struct Beside {
    temporary: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Beside {
    /// An empty temporary file in the folder of `path`. A link is followed: what it points to is
    /// replaced, not the link.
    ///
    /// Errors: `File` if the folder is missing, the path is a folder, or the folder refuses
    pub fn new(path: &Path) -> Result<Beside> {
        if path.is_dir() {
            return Err(Error::file(path, FileFault::Folder));
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let Some(name) = target.file_name() else {
            return Err(Error::file(path, FileFault::Folder));
        };
        let folder = folder_of(&target);
        if !folder.is_dir() {
            let folder = folder.to_path_buf();
            return Err(Error::file(path, FileFault::NoFolder { folder }));
        }
        let temporary = free_name(folder, &name.to_string_lossy())
            .map_err(|source| system(path, "creating a file beside it", source))?;
        Ok(Beside {
            temporary,
            target,
            kept: false,
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Asks the disk for room for so many bytes, by writing as many zeros and taking them back: a
    /// disk that is full says so here, where nothing has begun.
    ///
    /// Errors: `File` if the room is not there
    pub fn reserve(&self, bytes: u64) -> Result<()> {
        /// Zeros that are written at a time.
        static PIECE: [u8; 1 << 16] = [0; 1 << 16];
        let fill = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).open(&self.temporary)?;
            let mut left = bytes;
            while left > 0 {
                let piece = left.min(PIECE.len() as u64);
                file.write_all(&PIECE[..piece as usize])?;
                left -= piece;
            }
            file.set_len(0)
        };
        fill().map_err(|source| system(&self.target, "writing", source))
    }

    /// Forces what was written to the disk and puts it in the target's place.
    ///
    /// Errors: `File` if the disk refuses; the target is then as it was
    pub fn keep(mut self) -> Result<()> {
        // On the disk before the rename: a crash in between must not leave an empty file.
        let moved = File::open(&self.temporary)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.target));
        moved.map_err(|source| system(&self.target, "writing", source))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to do about a file that cannot be removed either.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// A fault of the operating system while doing `action` to `path`.
pub fn system(path: &Path, action: &'static str, source: io::Error) -> Error {
    let fact = match source.kind() {
        io::ErrorKind::NotFound if action == "reading" => FileFault::Missing,
        io::ErrorKind::IsADirectory => FileFault::Folder,
        _ => FileFault::System { action, source },
    };
    Error::file(path, fact)
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a file of a name that is still free: two processes may write the same target.
fn free_name(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let process = std::process::id();
    for attempt in 0..NAMES {
        let path = folder.join(format!(".{name}.{process}-{attempt}.part"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => return Ok(path),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(fault) => return Err(fault),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

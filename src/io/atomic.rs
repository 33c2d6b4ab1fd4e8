//! Files that are written completely or not at all: written beside the target, forced to the disk,
//! then renamed. A crash, a full disk or an interruption leaves the previous file unchanged.
//!
//! Only plain files and missing ones are replaced. A device, a FIFO or a socket is never renamed
//! over: bytes are written into it where that makes sense (`special`), else it is refused.
//!
//! The temporary files are called `.NAME.PID-0.part`. Those of a process that was killed are
//! removed when the same name is written again (`leftover`).

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::leftover;
use super::special::{self, Target};
use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// Attempts to find a free name beside the target: as many threads may write the same file.
const NAMES: usize = 100;

/// Writes `bytes` to `path`, completely or not at all. Into a FIFO, a character device (a terminal,
/// `/dev/null`) and the program's own standard output they are written as a stream.
///
/// Errors: `File` if the folder is missing, the path is a folder, a socket or a disk, or the disk
/// refuses
pub fn atomic_write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let target = match special::resolve(path)? {
        Target::Stream(stream) => return special::write_into(path, &stream, bytes),
        Target::File(target) => target,
    };
    let beside = Beside::at(path, target)?;
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
    /// An empty temporary file in the folder of `path`. A link is followed: the file that it points
    /// to is replaced, not the link.
    ///
    /// Errors: `File` if the folder is missing, the path is neither a plain file nor missing, or
    /// the folder refuses
    pub fn new(path: &Path) -> Result<Beside> {
        match special::resolve(path)? {
            Target::File(target) => Beside::at(path, target),
            Target::Stream(stream) => Err(Error::file(path, stream.fault())),
        }
    }

    fn at(path: &Path, target: PathBuf) -> Result<Beside> {
        let Some(name) = target.file_name() else {
            return Err(Error::file(path, FileFault::Folder));
        };
        let folder = folder_of(&target);
        if !folder.is_dir() {
            let folder = folder.to_path_buf();
            return Err(Error::file(path, FileFault::NoFolder { folder }));
        }
        leftover::remove(folder, name);
        let temporary = leftover::create(folder, name, NAMES)
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

    /// Forces the temporary file to the disk and puts it in the target's place. It gets the
    /// permissions of the file that it replaces.
    ///
    /// Errors: `File` if the disk refuses, or if something other than a plain file has come into
    /// the target's place meanwhile; the target is then unchanged
    pub fn keep(mut self) -> Result<()> {
        let target = &self.target;
        match fs::symlink_metadata(target) {
            Ok(former) if former.is_file() => self.permit(&former),
            Ok(other) => Err(io::Error::other(format!(
                "{} has come into its place",
                special::kind(&other)
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
        // On the disk before the rename: a crash in between must not leave an empty file.
        .and_then(|()| File::open(&self.temporary)?.sync_all())
        .and_then(|()| leftover::end(&self.temporary, || fs::rename(&self.temporary, target)))
        .map_err(|source| system(target, "writing", source))?;
        self.kept = true;
        Ok(())
    }

    /// Gives the temporary file the permissions of the one that it replaces, and the owner, as far
    /// as the system lets this user give files away.
    #[cfg(unix)]
    fn permit(&self, former: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, chown};
        let new = fs::metadata(&self.temporary)?;
        if (new.uid(), new.gid()) != (former.uid(), former.gid()) {
            // Only root may give a file to another user; to everybody else it belongs afterwards.
            let _ = chown(&self.temporary, Some(former.uid()), Some(former.gid()));
        }
        fs::set_permissions(&self.temporary, former.permissions())
    }

    #[cfg(not(unix))]
    fn permit(&self, former: &Metadata) -> io::Result<()> {
        fs::set_permissions(&self.temporary, former.permissions())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to do about a file that cannot be removed either.
            let _ = leftover::end(&self.temporary, || fs::remove_file(&self.temporary));
        }
    }
}

/// An error of the operating system while doing `action` to `path`.
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

//! Atomic writes: the data are written to a temporary file in the same folder, flushed to the disk,
//! then renamed. A crash, a full disk or an interruption leaves the previous file unchanged.
//!
//! Only regular files and missing ones are replaced. A device, a FIFO or a socket is never
//! replaced: the bytes are written to it if that is meaningful (`special`), else the write is an
//! error.
//!
//! The temporary files are named `.NAME.PID-0.part`. Those of a killed process are removed at the
//! next write to the same name (`temp_files`).

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::special::{self, Target};
use super::system_error::system_error;
use super::temp_files;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// Maximum number of threads that may write the same file at a time: each needs a temporary name.
const MAX_NAMES: usize = 100;

/// Writes `bytes` to `path` atomically. For a FIFO, a character device (a terminal, `/dev/null`)
/// and the program's own standard output, the bytes are written as a stream.
///
/// Errors: `File` if the folder is missing, the path is a folder, a socket or a disk, or writing
/// fails
pub fn atomic_write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let target = match special::resolve(path)? {
        Target::Stream(stream) => return special::write_stream(path, &stream, bytes),
        Target::File(target) => target,
    };
    let temporary = TempFile::create(path, target)?;
    let written = OpenOptions::new()
        .write(true)
        .open(temporary.path())
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| system_error(path, "writing", source))?;
    temporary.commit()
}

/// A temporary file in the folder of its target. [`TempFile::commit`] renames it to the target; if
/// dropped before that, it is removed.
#[derive(Debug)]
pub struct TempFile {
    temporary: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl TempFile {
    /// An empty temporary file in the folder of `path`. Symbolic links are followed, so the linked
    /// file is replaced and not the link.
    ///
    /// Errors: `File` if the folder is missing, the path is neither a regular file nor missing, or
    /// the file cannot be created
    pub fn new(path: &Path) -> Result<TempFile> {
        match special::resolve(path)? {
            Target::File(target) => TempFile::create(path, target),
            Target::Stream(stream) => Err(Error::file(path, stream.error())),
        }
    }

    fn create(path: &Path, target: PathBuf) -> Result<TempFile> {
        let Some(name) = target.file_name() else {
            return Err(Error::file(path, FileError::Folder));
        };
        let folder = folder_of(&target);
        if !folder.is_dir() {
            let folder = folder.to_path_buf();
            return Err(Error::file(path, FileError::NoFolder { folder }));
        }
        temp_files::remove_stale(folder, name);
        let temporary = temp_files::create(folder, name, MAX_NAMES)
            .map_err(|source| system_error(path, "creating a temporary file beside it", source))?;
        Ok(TempFile {
            temporary,
            target,
            committed: false,
        })
    }

    /// The path of the temporary file.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Checks that the disk has space for `bytes` bytes, by writing that many zeros and truncating
    /// the file: a full disk is detected before the actual write starts.
    ///
    /// Errors: `File` if the disk is full; `Interrupted` if `proceed` ends the write
    pub fn reserve(&self, bytes: u64, proceed: &dyn Fn() -> ControlFlow<()>) -> Result<()> {
        /// Block of zeros per write.
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let fill = || -> io::Result<ControlFlow<()>> {
            let mut file = OpenOptions::new().write(true).open(&self.temporary)?;
            let mut remaining = bytes;
            while remaining > 0 {
                if proceed().is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                let count = remaining.min(ZEROS.len() as u64);
                file.write_all(&ZEROS[..count as usize])?;
                remaining -= count;
            }
            file.set_len(0).map(ControlFlow::Continue)
        };
        match fill().map_err(|source| system_error(&self.target, "writing", source))? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted),
        }
    }

    /// Flushes the temporary file to the disk and renames it to the target. It receives the
    /// permissions of the file that it replaces.
    ///
    /// Errors: `File` if this fails, or if the target has been replaced by something other than a
    /// regular file in the meantime; the target is then unchanged
    pub fn commit(mut self) -> Result<()> {
        let target = &self.target;
        match fs::symlink_metadata(target) {
            Ok(former) if former.is_file() => self.copy_permissions(&former),
            Ok(other) => Err(io::Error::other(format!(
                "{} now exists at this path",
                special::describe(&other)
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
        // Flush before the rename: a crash in between must not leave an empty file.
        .and_then(|()| File::open(&self.temporary)?.sync_all())
        .and_then(|()| temp_files::finish(&self.temporary, || fs::rename(&self.temporary, target)))
        .map_err(|source| system_error(target, "writing", source))?;
        self.committed = true;
        Ok(())
    }

    /// Copies the permissions of the file to be replaced, and its owner as far as the user is
    /// allowed to.
    #[cfg(unix)]
    fn copy_permissions(&self, former: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, chown};
        let new = fs::metadata(&self.temporary)?;
        if (new.uid(), new.gid()) != (former.uid(), former.gid()) {
            // Only root may change the owner; for other users, the file belongs to them afterwards.
            let _ = chown(&self.temporary, Some(former.uid()), Some(former.gid()));
        }
        fs::set_permissions(&self.temporary, former.permissions())
    }

    #[cfg(not(unix))]
    fn copy_permissions(&self, former: &Metadata) -> io::Result<()> {
        fs::set_permissions(&self.temporary, former.permissions())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.committed {
            // A failure to remove the file has no further remedy.
            let _ = temp_files::finish(&self.temporary, || fs::remove_file(&self.temporary));
        }
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

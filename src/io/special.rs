//! Special files (devices, FIFOs, sockets): classification of output paths, because a special file
//! must not be replaced, and access without waiting for another program to open it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::system_error::system_error;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// Maximum number of chained symbolic links, above the limit of any operating system.
const MAX_LINKS: usize = 40;

/// The target of a path after all symbolic links.
#[derive(Debug)]
pub enum Target {
    /// A regular or missing file.
    File(PathBuf),
    Stream(Stream),
}

/// A special file that is written in place.
#[derive(Debug)]
pub enum Stream {
    /// The standard output (1) or standard error (2) of this process.
    Standard(u8),
    Fifo,
    /// A character device, such as a terminal.
    CharacterDevice,
    /// A special file that cannot be written as a stream.
    Other(&'static str),
}

impl Stream {
    /// The error if a regular file is required.
    pub fn error(&self) -> FileError {
        FileError::Special {
            found: match self {
                Stream::Standard(_) => "an output of this program",
                Stream::Fifo => "a FIFO",
                Stream::CharacterDevice => "a device",
                Stream::Other(kind) => kind,
            },
        }
    }
}

/// Resolves the symbolic links of `path`.
///
/// Errors: `File` for a folder, dead or circular links, or a path without access
pub fn resolve(path: &Path) -> Result<Target> {
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Error::file(path, FileError::Folder));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return resolve_missing(path).map(Target::File);
        }
        // A part of the path is a file: report a missing folder.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Target::File(path.to_path_buf()));
        }
        Err(source) => return Err(system_error(path, "writing", source)),
    };
    if metadata.is_dir() {
        return Err(Error::file(path, FileError::Folder));
    }
    if let Some(number) = standard_output(&metadata) {
        return Ok(Target::Stream(Stream::Standard(number)));
    }
    if let Some(stream) = stream(&metadata) {
        return Ok(Target::Stream(stream));
    }
    let target = fs::canonicalize(path).map_err(|source| system_error(path, "writing", source))?;
    Ok(Target::File(target))
}

/// Whether `path` refers to a regular or a missing file.
pub fn is_replaceable(path: &Path) -> bool {
    matches!(resolve(path), Ok(Target::File(_)))
}

/// The path that a link to a missing file points to, or the path itself.
fn resolve_missing(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&target) else {
            return Ok(target);
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    let source = io::Error::other("too many levels of symbolic links");
    Err(system_error(path, "writing", source))
}

/// Writes `bytes` to the special file at `path`.
///
/// Errors: `File` if it cannot be written as a stream, or no process reads it
pub fn write_stream(path: &Path, stream: &Stream, bytes: &[u8]) -> Result<()> {
    let written = match stream {
        Stream::Standard(1) => write_and_flush(io::stdout().lock(), bytes),
        Stream::Standard(_) => write_and_flush(io::stderr().lock(), bytes),
        Stream::CharacterDevice => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| write_and_flush(file, bytes)),
        Stream::Fifo => match open_nonblocking(path, OpenOptions::new().write(true)) {
            Err(error) if has_no_reader(&error) => {
                return Err(Error::file(path, FileError::NoReader));
            }
            other => other.and_then(|file| {
                // Writes to a full FIFO block from here on.
                set_blocking(&file)?;
                write_and_flush(file, bytes)
            }),
        },
        Stream::Other(_) => return Err(Error::file(path, stream.error())),
    };
    written.map_err(|source| system_error(path, "writing", source))
}

fn write_and_flush(mut into: impl Write, bytes: &[u8]) -> io::Result<()> {
    into.write_all(bytes)?;
    into.flush()
}

/// Opens the file, FIFO or character device at `path` for reading.
///
/// Errors: `File` for a folder, a block device or a socket, and for a FIFO that no program has
/// opened for writing
pub fn open_for_reading(path: &Path) -> Result<Box<dyn Read>> {
    let error = |source| system_error(path, "reading", source);
    let metadata = fs::metadata(path).map_err(error)?;
    match stream(&metadata) {
        Some(Stream::Other(found)) => {
            let (expected, found) = ("a regular file", found.into());
            return Err(Error::file(path, FileError::Format { expected, found }));
        }
        // Only pipes without a name (`/dev/stdin`, process substitution) have no canonical path.
        // They open without a writer, and are then empty.
        Some(Stream::Fifo) if fs::canonicalize(path).is_ok() => {
            return match open_fifo(path).map_err(error)? {
                Some((first, file)) => Ok(Box::new(io::Cursor::new(first).chain(file))),
                None => Err(Error::file(path, FileError::NoWriter)),
            };
        }
        _ => {}
    }
    Ok(Box::new(File::open(path).map_err(error)?))
}

/// The first bytes of a FIFO, possibly none, and the rest; `None` without a writer, for which a
/// blocking open would wait.
fn open_fifo(path: &Path) -> io::Result<Option<(Vec<u8>, File)>> {
    let mut file = open_nonblocking(path, OpenOptions::new().read(true))?;
    let mut first = vec![0];
    let count = match file.read(&mut first) {
        Ok(0) => return Ok(None),
        Ok(count) => count,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    first.truncate(count);
    set_blocking(&file)?;
    Ok(Some((first, file)))
}

/// The file type, for error messages.
pub fn describe(metadata: &Metadata) -> &'static str {
    match stream(metadata) {
        Some(Stream::Fifo) => "a FIFO",
        Some(Stream::CharacterDevice) => "a device",
        Some(Stream::Other(kind)) => kind,
        _ if metadata.is_dir() => "a folder",
        _ if metadata.is_symlink() => "a link",
        _ => "a file",
    }
}

#[cfg(unix)]
fn stream(metadata: &Metadata) -> Option<Stream> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        Some(Stream::Fifo)
    } else if kind.is_char_device() {
        Some(Stream::CharacterDevice)
    } else if kind.is_block_device() {
        Some(Stream::Other("a disk"))
    } else if kind.is_socket() {
        Some(Stream::Other("a socket"))
    } else {
        None
    }
}

#[cfg(not(unix))]
fn stream(_: &Metadata) -> Option<Stream> {
    None
}

/// The output of this process that refers to the same file: `/dev/stdout` resolves to it even if it
/// is a regular file, which must not be replaced while it is open.
#[cfg(unix)]
fn standard_output(metadata: &Metadata) -> Option<u8> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let same = |output: io::Result<std::os::fd::OwnedFd>| {
        let output = output.and_then(|output| File::from(output).metadata());
        output.is_ok_and(|output| (output.dev(), output.ino()) == (metadata.dev(), metadata.ino()))
    };
    if same(io::stdout().as_fd().try_clone_to_owned()) {
        return Some(1);
    }
    same(io::stderr().as_fd().try_clone_to_owned()).then_some(2)
}

#[cfg(not(unix))]
fn standard_output(_: &Metadata) -> Option<u8> {
    None
}

/// Opens a FIFO without waiting for a program at its other end.
#[cfg(unix)]
fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblocking = nix::fcntl::OFlag::O_NONBLOCK.bits();
    options.custom_flags(nonblocking).open(path)
}

#[cfg(unix)]
fn set_blocking(file: &File) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fcntl(file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(())
}

#[cfg(not(unix))]
fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

#[cfg(not(unix))]
fn set_blocking(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn has_no_reader(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::libc::ENXIO)
}

#[cfg(not(unix))]
fn has_no_reader(_: &io::Error) -> bool {
    false
}

//! What a path to be written leads to: a plain or missing file, which can be replaced, or something
//! else (a device, a FIFO, a socket), which must never be.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::atomic::system;
use crate::base::error::FileFault;
use crate::base::{Error, Result};

/// Links that lead to links: more than any system follows.
const LINKS: usize = 40;

/// What a path leads to, after all links.
#[derive(Debug)]
pub enum Target {
    /// A plain file or a missing one.
    File(PathBuf),
    Stream(Stream),
}

/// Something to write into as it is.
#[derive(Debug)]
pub enum Stream {
    /// What standard output (1) or standard error (2) goes to.
    Own(u8),
    Fifo,
    /// A character device, such as a terminal.
    Characters,
    /// Nothing that takes a stream of bytes.
    Other(&'static str),
}

impl Stream {
    /// The error of a caller that needs a plain file.
    pub fn fault(&self) -> FileFault {
        FileFault::Special {
            found: match self {
                Stream::Own(_) => "an output of this program",
                Stream::Fifo => "a FIFO",
                Stream::Characters => "a device",
                Stream::Other(kind) => kind,
            },
        }
    }
}

/// Follows the links of `path`.
///
/// Errors: `File` for a folder, links that lead nowhere or in a circle, or a path that the system
/// does not let us look at
pub fn resolve(path: &Path) -> Result<Target> {
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Error::file(path, FileFault::Folder));
    }
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return missing(path).map(Target::File);
        }
        // A part of the path is a file: the folder is what is missing.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Target::File(path.to_path_buf()));
        }
        Err(source) => return Err(system(path, "writing", source)),
    };
    if found.is_dir() {
        return Err(Error::file(path, FileFault::Folder));
    }
    if let Some(number) = own_output(&found) {
        return Ok(Target::Stream(Stream::Own(number)));
    }
    if let Some(stream) = stream(&found) {
        return Ok(Target::Stream(stream));
    }
    let target = fs::canonicalize(path).map_err(|source| system(path, "writing", source))?;
    Ok(Target::File(target))
}

/// Whether `path` leads to a plain file or to a missing one.
pub fn is_plain(path: &Path) -> bool {
    matches!(resolve(path), Ok(Target::File(_)))
}

/// The place that a link to a missing file points to, or the path itself.
fn missing(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&target) else {
            return Ok(target);
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    let source = io::Error::other("too many links");
    Err(system(path, "writing", source))
}

/// Writes `bytes` into what `path` leads to.
///
/// Errors: `File` if it takes no stream of bytes, or nobody reads it
pub fn write_into(path: &Path, stream: &Stream, bytes: &[u8]) -> Result<()> {
    let written = match stream {
        Stream::Own(1) => put(io::stdout().lock(), bytes),
        Stream::Own(_) => put(io::stderr().lock(), bytes),
        Stream::Characters => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| put(file, bytes)),
        Stream::Fifo => match fifo(path) {
            Err(error) if unread(&error) => {
                return Err(Error::file(path, FileFault::Unread));
            }
            other => other.and_then(|file| put(file, bytes)),
        },
        Stream::Other(_) => return Err(Error::file(path, stream.fault())),
    };
    written.map_err(|source| system(path, "writing", source))
}

fn put(mut into: impl Write, bytes: &[u8]) -> io::Result<()> {
    into.write_all(bytes)?;
    into.flush()
}

/// The kind of thing, as a user would say it.
pub fn kind(found: &Metadata) -> &'static str {
    match stream(found) {
        Some(Stream::Fifo) => "a FIFO",
        Some(Stream::Characters) => "a device",
        Some(Stream::Other(kind)) => kind,
        _ if found.is_dir() => "a folder",
        _ if found.is_symlink() => "a link",
        _ => "a file",
    }
}

#[cfg(unix)]
fn stream(found: &Metadata) -> Option<Stream> {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    if kind.is_fifo() {
        Some(Stream::Fifo)
    } else if kind.is_char_device() {
        Some(Stream::Characters)
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

/// Which output of this program goes to the same file: `/dev/stdout` leads there, also if it is a
/// plain one, which must not be replaced under the program.
#[cfg(unix)]
fn own_output(found: &Metadata) -> Option<u8> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let same = |output: io::Result<std::os::fd::OwnedFd>| {
        let facts = output.and_then(|output| File::from(output).metadata());
        facts.is_ok_and(|facts| (facts.dev(), facts.ino()) == (found.dev(), found.ino()))
    };
    if same(io::stdout().as_fd().try_clone_to_owned()) {
        return Some(1);
    }
    same(io::stderr().as_fd().try_clone_to_owned()).then_some(2)
}

#[cfg(not(unix))]
fn own_output(_: &Metadata) -> Option<u8> {
    None
}

/// A FIFO, opened for writing. To open one that nobody reads would wait, possibly for ever.
#[cfg(unix)]
fn fifo(path: &Path) -> io::Result<File> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use std::os::unix::fs::OpenOptionsExt;
    let wait = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(wait)
        .open(path)?;
    // From here on, a full FIFO is waited for.
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(file)
}

#[cfg(not(unix))]
fn fifo(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

#[cfg(unix)]
fn unread(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::libc::ENXIO)
}

#[cfg(not(unix))]
fn unread(_: &io::Error) -> bool {
    false
}

//! Folders: listing and creation. Also appending to a file.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::special::{self, Target};
use super::system_error::system_error;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The sorted names of the files and folders in the folder `path`, without hidden ones, whose
/// names begin with a dot. With an `extension`, only the files with this extension.
///
/// Errors: `File` if the folder is missing or not a folder
pub fn list(path: &Path, extension: Option<&str>) -> Result<Vec<String>> {
    let entries = fs::read_dir(path).map_err(|source| match source.kind() {
        ErrorKind::NotADirectory => not_a_folder(path, "a file"),
        _ => system_error(path, "reading", source),
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| system_error(path, "reading", source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_selected = match extension {
            Some(extension) => {
                let expected = Some(extension.trim_start_matches('.'));
                let found = Path::new(&name)
                    .extension()
                    .and_then(|found| found.to_str());
                found == expected && !entry.path().is_dir()
            }
            None => true,
        };
        if is_selected && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Creates the folder `path` and the folders that contain it, unless they exist.
///
/// Errors: `File` if a part of the path is a file, or if this fails
pub fn create(path: &Path) -> Result<()> {
    match fs::create_dir_all(path) {
        Ok(()) => Ok(()),
        Err(source) => Err(match source.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => not_a_folder(path, "a file"),
            _ => system_error(path, "creating the folder", source),
        }),
    }
}

/// Appends `bytes` to the file at `path`, which is created if it is missing. For a FIFO, a
/// character device and the standard output, the bytes are written as a stream. Unlike other
/// writes, this one is not atomic.
///
/// Errors: `File` if the folder is missing, the path is a folder, a socket or a disk, or writing
/// fails
pub fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = match special::resolve(path)? {
        Target::Stream(stream) => return special::write_stream(path, &stream, bytes),
        Target::File(target) => target,
    };
    if let Some(folder) = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        && !folder.is_dir()
    {
        let folder = folder.to_path_buf();
        return Err(Error::file(path, FileError::NoFolder { folder }));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    do_not_follow_links(&mut options);
    options
        .open(&target)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| system_error(path, "writing", source))
}

/// The links of the path are already resolved. A link that appears there in between is not
/// followed.
#[cfg(unix)]
fn do_not_follow_links(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
}

#[cfg(not(unix))]
fn do_not_follow_links(_: &mut OpenOptions) {}

fn not_a_folder(path: &Path, found: &str) -> Error {
    let (expected, found) = ("a folder", found.into());
    Error::file(path, FileError::Format { expected, found })
}

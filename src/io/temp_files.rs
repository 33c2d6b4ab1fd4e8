//! Temporary files, and the removal of those that killed processes left behind.
//!
//! A temporary file is named `.NAME.PID-K.part`. It is stale if no process with that id exists, or
//! if the id is our own and we did not create it: in containers, the id is the same in every run. A
//! locked file is in use (HDF5 locks the files that it writes).

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The temporary files that this process has created and not yet renamed or removed. File names are
/// global, so this set is too.
static ACTIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Creates a temporary file for `name`; one of `attempts` names must be free.
pub fn create(folder: &Path, name: &OsStr, attempts: usize) -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut active = active();
    for attempt in 0..attempts {
        let mut file = prefix(name);
        file.push(format!("{process}-{attempt}.part"));
        let path = folder.join(file);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => {
                active.insert(path.clone());
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Renames or removes the temporary file at `path` with `operation`. Meanwhile no other thread can
/// create a file of this name.
pub fn finish<T>(path: &Path, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut active = active();
    let result = operation();
    if result.is_ok() {
        active.remove(path);
    }
    result
}

/// Removes the stale temporary files of `name` in `folder`. Failures are ignored, because they do
/// not prevent the write.
pub fn remove_stale(folder: &Path, name: &OsStr) {
    let (Ok(entries), prefix) = (fs::read_dir(folder), prefix(name)) else {
        return;
    };
    for entry in entries.flatten() {
        let (file, path) = (entry.file_name(), folder.join(entry.file_name()));
        let Some(process) = process_id(&file, &prefix) else {
            continue;
        };
        // Locked until the file is removed: another thread may be about to create a file of this
        // name.
        let active = active();
        let stale = match process == std::process::id() {
            true => !active.contains(&path),
            false => !exists(process),
        };
        let is_regular = || entry.file_type().is_ok_and(|kind| kind.is_file());
        if stale && is_regular() && !locked(&path) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The common prefix of temporary file names for `name`.
fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// The process id in the name of a temporary file that starts with `prefix`.
fn process_id(file: &OsStr, prefix: &OsStr) -> Option<u32> {
    let file = file.as_encoded_bytes();
    let rest = file.strip_prefix(prefix.as_encoded_bytes())?;
    let rest = std::str::from_utf8(rest.strip_suffix(b".part")?).ok()?;
    let (process, attempt) = rest.split_once('-')?;
    attempt.parse::<usize>().ok()?;
    process.parse().ok()
}

#[cfg(unix)]
fn exists(process: u32) -> bool {
    use nix::errno::Errno;
    use nix::sys::signal::kill;
    use nix::unistd::Pid;
    // Ids of 0 and below refer to process groups.
    match i32::try_from(process) {
        Ok(id) if id > 0 => kill(Pid::from_raw(id), None) != Err(Errno::ESRCH),
        _ => true,
    }
}

/// Without a way to query processes, every process is assumed to exist.
#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

fn locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}

fn active() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

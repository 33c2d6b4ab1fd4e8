//! Temporary files, and those that a killed process has left behind.
//!
//! A temporary file is called `.NAME.PID-K.part`. It is a leftover if no process of that number
//! exists, or if the number is our own and we did not create it: in containers, every run has the
//! same number. A file that anybody has locked is in use (HDF5 locks what it writes).

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The temporary files that this process has created and not yet renamed or removed. Names of files
/// are global, and so is this.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Creates a temporary file for `name`; one of `attempts` names must be free.
pub fn create(folder: &Path, name: &OsStr, attempts: usize) -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut own = own();
    for attempt in 0..attempts {
        let mut file = before(name);
        file.push(format!("{process}-{attempt}.part"));
        let path = folder.join(file);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => {
                own.insert(path.clone());
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Ends the temporary file at `path` by renaming or removing it with `end`. Until that is over, no
/// other thread may create a file of this name.
pub fn end<T>(path: &Path, end: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut own = own();
    let ended = end();
    if ended.is_ok() {
        own.remove(path);
    }
    ended
}

/// Removes what killed processes have left of `name` in `folder`. What cannot be listed or removed
/// stays: the file itself can be written all the same.
pub fn remove(folder: &Path, name: &OsStr) {
    let (Ok(entries), before) = (fs::read_dir(folder), before(name)) else {
        return;
    };
    for entry in entries.flatten() {
        let (file, path) = (entry.file_name(), folder.join(entry.file_name()));
        let Some(process) = process_of(&file, &before) else {
            continue;
        };
        // Held until the file is removed: another thread may be about to create one of this name.
        let own = own();
        let ended = match process == std::process::id() {
            true => !own.contains(&path),
            false => !exists(process),
        };
        let plain = || entry.file_type().is_ok_and(|kind| kind.is_file());
        if ended && plain() && !locked(&path) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The beginning of the names of temporary files for `name`.
fn before(name: &OsStr) -> OsString {
    let mut before = OsString::from(".");
    before.push(name);
    before.push(".");
    before
}

/// The process in the name of a temporary file that begins with `before`.
fn process_of(file: &OsStr, before: &OsStr) -> Option<u32> {
    let file = file.as_encoded_bytes();
    let rest = file.strip_prefix(before.as_encoded_bytes())?;
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
    // Numbers of 0 and below mean groups of processes.
    match i32::try_from(process) {
        Ok(id) if id > 0 => kill(Pid::from_raw(id), None) != Err(Errno::ESRCH),
        _ => true,
    }
}

/// Where nobody can be asked, every process is taken to exist.
#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

fn locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}

fn own() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

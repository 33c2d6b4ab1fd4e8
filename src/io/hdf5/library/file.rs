//! Opening and creating files at paths that may not be UTF-8.

use std::ffi::CString;
use std::os::raw::c_uint;
use std::path::Path;
use std::ptr;

use ::hdf5::plist::FileAccess;
use ::hdf5::{File, Result, from_id};
use hdf5_sys::h5f::{
    H5F_ACC_RDONLY, H5F_ACC_SWMR_READ, H5F_ACC_TRUNC, H5Fcreate, H5Fget_vfd_handle, H5Fopen,
};
use hdf5_sys::h5p::{H5P_DEFAULT, H5Pset_file_locking, H5Pset_metadata_read_attempts};

use super::call::{identifier, status};
use super::types;

/// Number of attempts to read metadata that another program may be writing. The pause before each
/// is twice the previous one, from 1 ns: 0.07 s in total. The library's default of 100 would never
/// end.
const ATTEMPTS: c_uint = 26;

/// Opens the file at `path` for reading; with `swmr`, while another program is writing it.
pub fn open(path: &Path, swmr: bool) -> Result<File> {
    types::register()?;
    let name = c_path(path)?;
    let access = FileAccess::build().finish()?;
    let flags = match swmr {
        true => H5F_ACC_RDONLY | H5F_ACC_SWMR_READ,
        false => H5F_ACC_RDONLY,
    };
    if swmr {
        // SAFETY: the identifier refers to an open property list.
        status(|| unsafe { H5Pset_metadata_read_attempts(access.id(), ATTEMPTS) })?;
    }
    // SAFETY: `name` is a C string that outlives the call, and so does the property list.
    let id = identifier(|| unsafe { H5Fopen(name.as_ptr(), flags, access.id()) })?;
    // SAFETY: the identifier is new and refers to a file; the value owns it.
    let file: File = unsafe { from_id(id) }?;
    close_in_children(&file);
    Ok(file)
}

/// Creates or truncates the file at `path`, a temporary file of this process. It is not locked: a
/// child process that inherits the open file would keep the lock until it ends.
pub fn create(path: &Path, access: &FileAccess) -> Result<File> {
    let (name, flags) = (c_path(path)?, H5F_ACC_TRUNC);
    // SAFETY: the identifier refers to an open property list.
    status(|| unsafe { H5Pset_file_locking(access.id(), 0, 1) })?;
    let create = || {
        // SAFETY: `name` and the property list outlive the call.
        unsafe { H5Fcreate(name.as_ptr(), flags, H5P_DEFAULT, access.id()) }
    };
    let id = identifier(create)?;
    // SAFETY: the identifier is new and refers to a file; the value owns it.
    let file: File = unsafe { from_id(id) }?;
    close_in_children(&file);
    Ok(file)
}

/// Closes the file in child processes, which otherwise keep its lock until they end. The library
/// does not open files with `O_CLOEXEC`.
#[cfg(unix)]
fn close_in_children(file: &File) {
    use std::os::fd::BorrowedFd;

    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let mut handle = ptr::null_mut();
    // SAFETY: `handle` receives a pointer to the descriptor of the default file driver.
    let found = status(|| unsafe { H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &mut handle) });
    if found.is_ok() && !handle.is_null() {
        // SAFETY: the descriptor is open as long as the file.
        let descriptor = unsafe { BorrowedFd::borrow_raw(*handle.cast()) };
        // If this fails, only the lock lasts longer.
        let _ = fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
}

#[cfg(not(unix))]
fn close_in_children(_: &File) {}

#[cfg(unix)]
fn c_path(path: &Path) -> Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| "the path contains NUL".into())
}

#[cfg(not(unix))]
fn c_path(path: &Path) -> Result<CString> {
    let text = path.to_str().ok_or("the path is not Unicode")?;
    CString::new(text).map_err(|_| "the path contains NUL".into())
}

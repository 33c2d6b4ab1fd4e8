//! Calls of the HDF5 library that its crate does not wrap: types known only at run time, non-UTF-8
//! paths, chunk sizes, and link targets.
//!
//! This is the only place outside the kernels with `unsafe`. Every call takes the crate's lock
//! through [`status`] or [`identifier`], every identifier is owned by a type of the crate, and
//! every buffer is checked against the size that the library will write.

pub mod blocks;
pub mod data;
pub mod names;
pub mod sources;
pub mod types;

use std::ffi::CString;
use std::os::raw::{c_uint, c_void};
use std::path::Path;
use std::ptr;

use ::hdf5::plist::FileAccess;
use ::hdf5::sync::sync;
use ::hdf5::{File, Group, Location, LocationType, Result, from_id, h5check};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5f::{
    H5F_ACC_RDONLY, H5F_ACC_SWMR_READ, H5F_ACC_TRUNC, H5Fcreate, H5Fget_vfd_handle, H5Fopen,
};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5l::{H5L_info2_t, H5L_type_t, H5Lget_info2, H5Lget_val, H5Lunpack_elink_val};
use hdf5_sys::h5o::{H5O_INFO_BASIC, H5O_info2_t, H5Oget_info_by_name3, H5Oget_info3};
use hdf5_sys::h5p::{H5P_DEFAULT, H5Pset_file_locking, H5Pset_metadata_read_attempts};

/// Maximum length of a link target in messages.
const TARGET_BYTES: usize = 4_096;

/// Number of attempts to read metadata that another program may be writing. The pause before each
/// is twice the previous one, from 1 ns: 0.07 s in total. The library's default of 100 would never
/// end.
const ATTEMPTS: c_uint = 26;

/// The location of an object: the number of its file, and its address in that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    pub file: u64,
    pub offset: u64,
}

/// The target of a soft or external link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The other file, for an external link.
    pub file: Option<String>,
    pub entry: String,
}

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

/// The address of an open object.
pub fn address(of: &Location) -> Result<Address> {
    let mut info = no_info();
    // SAFETY: `info` is a record of the type that the call fills.
    status(|| unsafe { H5Oget_info3(of.id(), &mut info, H5O_INFO_BASIC) })?;
    Ok(address_in(&info))
}

/// The type and address of the object that `name` in `group` refers to.
pub fn object(group: &Group, name: &str) -> Result<(LocationType, Address)> {
    let name = names::c_name(name)?;
    let (mut info, fields) = (no_info(), H5O_INFO_BASIC);
    let ask = || {
        // SAFETY: `name` is a C string, `info` a record of the type that the call fills.
        unsafe { H5Oget_info_by_name3(group.id(), name.as_ptr(), &mut info, fields, H5P_DEFAULT) }
    };
    status(ask)?;
    Ok((info.type_.into(), address_in(&info)))
}

fn no_info() -> H5O_info2_t {
    // SAFETY: the record consists of integers and an object type for which 0 is valid.
    unsafe { std::mem::zeroed() }
}

fn address_in(info: &H5O_info2_t) -> Address {
    // SAFETY: a token is 16 plain bytes; for files on disk it starts with the address.
    let token: [u8; 16] = unsafe { std::mem::transmute_copy(&info.token) };
    let mut offset = [0; 8];
    offset.copy_from_slice(&token[..8]);
    Address {
        file: info.fileno,
        offset: u64::from_le_bytes(offset),
    }
}

/// The target of the link `name` in `group`; None for a hard link or an unreadable target.
pub fn target(group: &Group, name: &str) -> Option<Target> {
    let name = names::c_name(name).ok()?;
    let mut info = H5L_info2_t::default();
    // SAFETY: `name` is a C string, `info` a record of the type that the call fills.
    status(|| unsafe { H5Lget_info2(group.id(), name.as_ptr(), &mut info, H5P_DEFAULT) }).ok()?;
    // One extra byte, so that the text is always NUL-terminated.
    let mut value = vec![0_u8; TARGET_BYTES + 1];
    let into = value.as_mut_ptr().cast::<c_void>();
    let read = || {
        // SAFETY: `into` holds the size that is passed.
        unsafe { H5Lget_val(group.id(), name.as_ptr(), into, TARGET_BYTES, H5P_DEFAULT) }
    };
    match info.type_ {
        H5L_type_t::H5L_TYPE_SOFT => {
            status(read).ok()?;
            let entry = c_text(&value);
            Some(Target { file: None, entry })
        }
        H5L_type_t::H5L_TYPE_EXTERNAL => {
            status(read).ok()?;
            external(&value)
        }
        _ => None,
    }
}

fn external(value: &[u8]) -> Option<Target> {
    let (mut flags, mut file, mut entry): (c_uint, _, _) = (0, ptr::null(), ptr::null());
    let from = value.as_ptr().cast::<c_void>();
    let size = TARGET_BYTES;
    // SAFETY: `from` has `size` bytes; the results point into it.
    status(|| unsafe { H5Lunpack_elink_val(from, size, &mut flags, &mut file, &mut entry) })
        .ok()?;
    let text = |start: *const std::os::raw::c_char| {
        let offset = (start as usize).checked_sub(value.as_ptr() as usize)?;
        value.get(offset..).map(c_text)
    };
    Some(Target {
        file: text(file),
        entry: text(entry)?,
    })
}

/// Calls the library under its lock; a negative result becomes an error.
pub fn status(call: impl FnOnce() -> herr_t) -> Result<()> {
    sync(|| h5check(call())).map(drop)
}

/// Calls the library under its lock and returns an identifier.
pub fn identifier(call: impl FnOnce() -> hid_t) -> Result<hid_t> {
    sync(|| h5check(call()))
}

/// The text before the first NUL.
fn c_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    names::escape(&bytes[..end.unwrap_or(bytes.len())])
}

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

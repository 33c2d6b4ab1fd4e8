//! The addresses of objects and the targets of links.

use std::os::raw::{c_uint, c_void};
use std::ptr;

use ::hdf5::{Group, Location, LocationType, Result};
use hdf5_sys::h5l::{H5L_info2_t, H5L_type_t, H5Lget_info2, H5Lget_val, H5Lunpack_elink_val};
use hdf5_sys::h5o::{H5O_INFO_BASIC, H5O_info2_t, H5Oget_info_by_name3, H5Oget_info3};
use hdf5_sys::h5p::H5P_DEFAULT;

use super::call::status;
use super::names::{c_name, c_text};

/// Maximum length of a link target in messages.
const TARGET_BYTES: usize = 4_096;

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

/// The address of an open object.
pub fn address(of: &Location) -> Result<Address> {
    let mut info = no_info();
    // SAFETY: `info` is a record of the type that the call fills.
    status(|| unsafe { H5Oget_info3(of.id(), &mut info, H5O_INFO_BASIC) })?;
    Ok(address_in(&info))
}

/// The type and address of the object that `name` in `group` refers to.
pub fn object(group: &Group, name: &str) -> Result<(LocationType, Address)> {
    let name = c_name(name)?;
    let (mut info, fields) = (no_info(), H5O_INFO_BASIC);
    let query = || {
        // SAFETY: `name` is a C string, `info` a record of the type that the call fills.
        unsafe { H5Oget_info_by_name3(group.id(), name.as_ptr(), &mut info, fields, H5P_DEFAULT) }
    };
    status(query)?;
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
    let name = c_name(name).ok()?;
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

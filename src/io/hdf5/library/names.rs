//! Names in a file as text. HDF5 does not validate names: files of older programs contain Latin-1
//! and other encodings. Bytes that are not UTF-8 are shown as escapes such as `\xe9`, and a name
//! with escapes selects the same entry.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};

use ::hdf5::{Attribute, Dataset, Group, LinkType, Location, Result, from_id};
use hdf5_sys::h5::{H5_index_t, H5_iter_order_t, herr_t, hsize_t};
use hdf5_sys::h5a::H5Aopen;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5l::{H5L_info2_t, H5Lexists, H5Literate2};
use hdf5_sys::h5o::H5Oopen;
use hdf5_sys::h5p::H5P_DEFAULT;

use super::call::{identifier, status};

/// Start of an escape, followed by two hexadecimal digits.
const ESCAPE: &[u8] = b"\\x";

/// The text of a name: bytes that are not UTF-8 become escapes.
pub fn escape(name: &[u8]) -> String {
    let mut text = String::new();
    for part in name.utf8_chunks() {
        text.push_str(part.valid());
        for byte in part.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The bytes of a name that [`escape`] converted to text.
pub fn unescape(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let digits = rest.strip_prefix(ESCAPE).and_then(|rest| rest.get(..2));
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[ESCAPE.len() + 2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    // A valid name can contain a backslash: then the text is the name.
    match escape(&bytes) == text {
        true => bytes,
        false => text.as_bytes().to_vec(),
    }
}

/// The text before the first NUL.
pub fn c_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    escape(&bytes[..end.unwrap_or(bytes.len())])
}

/// The name for a call of the library.
pub fn c_name(text: &str) -> Result<CString> {
    CString::new(unescape(text)).map_err(|_| "a name with NUL".into())
}

/// The names in a group with their link types, in alphabetical order.
pub fn entry_names(group: &Group) -> Result<Vec<(String, LinkType)>> {
    let mut names: Vec<(String, LinkType)> = Vec::new();
    let into = (&raw mut names).cast::<c_void>();
    let (index, order) = (H5_index_t::H5_INDEX_NAME, H5_iter_order_t::H5_ITER_NATIVE);
    let mut start: hsize_t = 0;
    // SAFETY: `visit` receives `into`, a list that outlives the call.
    status(|| unsafe { H5Literate2(group.id(), index, order, &mut start, Some(visit), into) })?;
    names.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(names)
}

/// Appends one name to the list at `into`.
extern "C" fn visit(
    _: hid_t,
    name: *const c_char,
    info: *const H5L_info2_t,
    into: *mut c_void,
) -> herr_t {
    // SAFETY: the library passes a C string, a record, and the list of `entry_names`.
    let (name, info, names) = unsafe {
        let names = into.cast::<Vec<(String, LinkType)>>();
        (CStr::from_ptr(name), &*info, &mut *names)
    };
    names.push((escape(name.to_bytes()), info.type_.into()));
    0
}

/// The names of the attributes of an object.
pub fn attribute_names(of: &Location) -> Result<Vec<String>> {
    // The crate does not validate UTF-8.
    let names = of.attr_names()?.into_iter();
    Ok(names.map(|name| escape(&name.into_bytes())).collect())
}

/// Whether the group has a link of this name.
pub fn has_link(group: &Group, name: &str) -> bool {
    let Ok(name) = c_name(name) else { return false };
    let mut found = 0;
    let query = || {
        // SAFETY: `name` is a C string that outlives the call.
        found = unsafe { H5Lexists(group.id(), name.as_ptr(), H5P_DEFAULT) };
        found.min(0)
    };
    status(query).is_ok() && found > 0
}

/// Opens a group.
pub fn open_group(group: &Group, name: &str) -> Result<Group> {
    let id = open(group, name)?;
    // SAFETY: the identifier is new; the crate checks that it refers to a group.
    unsafe { from_id(id) }
}

/// Opens a dataset.
pub fn open_dataset(group: &Group, name: &str) -> Result<Dataset> {
    let id = open(group, name)?;
    // SAFETY: the identifier is new; the crate checks that it refers to a dataset.
    unsafe { from_id(id) }
}

/// Opens an attribute.
pub fn open_attribute(of: &Location, name: &str) -> Result<Attribute> {
    let name = c_name(name)?;
    // SAFETY: `name` is a C string that outlives the call.
    let id = identifier(|| unsafe { H5Aopen(of.id(), name.as_ptr(), H5P_DEFAULT) })?;
    // SAFETY: the identifier is new and refers to an attribute; the value owns it.
    unsafe { from_id(id) }
}

fn open(group: &Group, name: &str) -> Result<hid_t> {
    let name = c_name(name)?;
    // SAFETY: `name` is a C string that outlives the call.
    identifier(|| unsafe { H5Oopen(group.id(), name.as_ptr(), H5P_DEFAULT) })
}

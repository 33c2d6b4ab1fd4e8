//! The other files that contain the values of a dataset: the sources of a virtual dataset, and
//! external raw data.

use std::os::raw::c_char;

use ::hdf5::sync::sync;
use ::hdf5::{Dataset, Error, Result};
use hdf5_sys::h5p;

use super::call::status;
use super::names::c_text;

/// Maximum length of a name, that of the paths of operating systems.
const NAME_BYTES: usize = 4_096;
/// The file name that means the file of the dataset itself.
const SAME_FILE: &str = ".";

/// A source of a virtual dataset: the file, unless it is that of the dataset, and the entry.
pub type VirtualSource = (Option<String>, String);

/// The sources of a virtual dataset.
pub fn virtual_sources(dataset: &Dataset) -> Result<Vec<VirtualSource>> {
    let created = dataset.create_plist()?;
    let (id, mut count) = (created.id(), 0);
    // SAFETY: the identifier refers to an open property list.
    status(|| unsafe { h5p::H5Pget_virtual_count(id, &mut count) })?;
    let mut sources = Vec::new();
    for index in 0..count {
        // SAFETY: `into` holds `size` bytes.
        let file =
            read_name(|into, size| unsafe { h5p::H5Pget_virtual_filename(id, index, into, size) })?;
        // SAFETY: as above.
        let entry =
            read_name(|into, size| unsafe { h5p::H5Pget_virtual_dsetname(id, index, into, size) })?;
        sources.push(((file != SAME_FILE).then_some(file), entry));
    }
    sources.sort();
    sources.dedup();
    Ok(sources)
}

/// The files with the external raw data of a dataset.
pub fn raw_data_files(dataset: &Dataset) -> Result<Vec<String>> {
    let created = dataset.create_plist()?;
    // SAFETY: the identifier refers to an open property list.
    let count = sync(|| unsafe { h5p::H5Pget_external_count(created.id()) });
    let file = |index| {
        let mut name = vec![0_u8; NAME_BYTES + 1];
        let into = name.as_mut_ptr().cast::<c_char>();
        let (mut offset, mut size) = (0, 0);
        // SAFETY: `into` holds the size that is passed; the results are two integers.
        status(|| unsafe {
            let (offset, size) = (&mut offset, &mut size);
            h5p::H5Pget_external(created.id(), index, NAME_BYTES, into, offset, size)
        })?;
        Ok(c_text(&name))
    };
    (0..count.max(0) as u32).map(file).collect()
}

/// A name that `call` writes to a buffer of a given size; it returns the length.
fn read_name(call: impl FnOnce(*mut c_char, usize) -> isize) -> Result<String> {
    let mut name = vec![0_u8; NAME_BYTES + 1];
    let into = name.as_mut_ptr().cast::<c_char>();
    match usize::try_from(sync(|| call(into, NAME_BYTES))) {
        Ok(length) if length < NAME_BYTES => Ok(c_text(&name)),
        _ => Err(Error::from("a source whose name cannot be read")),
    }
}

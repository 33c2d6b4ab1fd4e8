//! Reading values through the library, and their storage layout.

use std::ops::Range;
use std::os::raw::{c_char, c_uint, c_void};

use ::hdf5::sync::sync;
use ::hdf5::{Container, Dataset, Dataspace, Datatype, Error, H5Type, Result, from_id};
use hdf5_sys::h5a::H5Aread;
use hdf5_sys::h5d::{H5Dget_chunk_info_by_coord, H5Dread};
use hdf5_sys::h5i::H5I_type_t;
use hdf5_sys::h5p::{H5P_DEFAULT, H5Pget_filter2, H5Pget_nfilters};
use hdf5_sys::h5s::{H5S_ALL, H5S_seloper_t, H5Screate_simple, H5Sselect_hyperslab};
use hdf5_sys::h5t::{H5Tconvert, H5Tget_size};

use super::call::{identifier, status};
use super::names::c_text;

/// One filter of the pipeline of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub id: i32,
    pub name: String,
    pub values: Vec<u32>,
}

/// The location of a chunk in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLocation {
    pub address: u64,
    pub size: u64,
    /// Bit mask of the filters that were not applied.
    pub skipped: u32,
}

/// The address of a chunk that was never written.
pub const UNWRITTEN: u64 = u64::MAX;

/// A numeric type that the library can write directly.
pub trait Number: H5Type + Copy + Default {}

macro_rules! impl_number {
    ($($number:ty)*) => { $( impl Number for $number {} )* };
}

impl_number! { u8 u16 u32 u64 i64 f32 f64 }

/// `count` values of `from`, all or some rows, converted to the type `memory`.
pub fn read<T: Number>(
    from: &Container,
    memory: &Datatype,
    rows: Option<&Range<usize>>,
    count: usize,
) -> Result<Vec<T>> {
    let mut values = vec![T::default(); count];
    let bytes = std::mem::size_of_val(values.as_slice());
    let into = values.as_mut_ptr().cast::<c_void>();
    if bytes > 0 {
        // SAFETY: `into` points to `bytes` bytes, and every bit pattern is a valid number.
        unsafe { read_into(from, memory, rows, into, bytes) }?;
    }
    Ok(values)
}

/// # Safety
/// `into` points to `bytes` writable bytes.
unsafe fn read_into(
    from: &Container,
    memory: &Datatype,
    rows: Option<&Range<usize>>,
    into: *mut c_void,
    bytes: usize,
) -> Result<()> {
    let mut shape = from.shape();
    if let (Some(rows), Some(first)) = (rows, shape.first_mut()) {
        *first = rows.len();
    }
    if byte_size(memory, &shape).is_none_or(|size| size > bytes) {
        return Err(Error::from("the values exceed the buffer"));
    }
    if from.id_type() == H5I_type_t::H5I_ATTR {
        // SAFETY: the buffer holds all elements, as checked above.
        return status(|| unsafe { H5Aread(from.id(), memory.id(), into) });
    }
    let (memory_space, file_space) = match rows {
        None => (None, None),
        Some(rows) => (
            Some(simple_space(&shape)?),
            Some(select_rows(from, rows, &shape)?),
        ),
    };
    let id = |space: &Option<Dataspace>| space.as_ref().map_or(H5S_ALL, |space| space.id());
    // SAFETY: the buffer holds all selected elements, as checked above.
    status(|| unsafe {
        let (spaces, memory) = ([&memory_space, &file_space].map(id), memory.id());
        H5Dread(from.id(), memory, spaces[0], spaces[1], H5P_DEFAULT, into)
    })
}

/// The size of an array in bytes; None if it overflows.
fn byte_size(dtype: &Datatype, shape: &[usize]) -> Option<usize> {
    // SAFETY: the identifier refers to an open type.
    let element = sync(|| unsafe { H5Tget_size(dtype.id()) });
    shape
        .iter()
        .try_fold(element, |all, size| all.checked_mul(*size))
}

/// Converts `count` elements in place from the type `source` to the type `to`; the buffer must hold
/// the larger of the two.
pub fn convert(source: &Datatype, to: &Datatype, count: usize, bytes: &mut [u8]) -> Result<()> {
    // SAFETY: the identifiers refer to open types.
    let larger = sync(|| unsafe { H5Tget_size(source.id()).max(H5Tget_size(to.id())) });
    if larger
        .checked_mul(count)
        .is_none_or(|size| size > bytes.len())
    {
        return Err(Error::from("the values exceed the buffer"));
    }
    let mut background = vec![0_u8; bytes.len()];
    let (into, background_ptr) = (bytes.as_mut_ptr().cast(), background.as_mut_ptr().cast());
    // SAFETY: both buffers hold all elements of either type.
    status(|| unsafe {
        H5Tconvert(
            source.id(),
            to.id(),
            count,
            into,
            background_ptr,
            H5P_DEFAULT,
        )
    })
}

/// The filters of a dataset, in the order in which they were applied.
pub fn filters(dataset: &Dataset) -> Result<Vec<Filter>> {
    let created = dataset.create_plist()?;
    // SAFETY: the identifier refers to an open property list.
    let count = sync(|| unsafe { H5Pget_nfilters(created.id()) });
    (0..count.max(0) as c_uint)
        .map(|index| filter(created.id(), index))
        .collect()
}

fn filter(created: i64, index: c_uint) -> Result<Filter> {
    /// More parameters than any known filter has.
    const VALUES: usize = 64;
    let (mut values, mut count) = ([0_u32; VALUES], VALUES);
    let (mut name, mut flags, mut able) = ([0_u8; 257], 0, 0);
    let text = name.as_mut_ptr().cast::<c_char>();
    let (length, params) = (name.len() - 1, values.as_mut_ptr());
    // SAFETY: each buffer has the length that is passed with it.
    let id = sync(|| unsafe {
        let (flags, able) = (&mut flags, &mut able);
        H5Pget_filter2(
            created, index, flags, &mut count, params, length, text, able,
        )
    });
    if id < 0 {
        return Err(Error::from("a filter that cannot be read"));
    }
    Ok(Filter {
        id,
        name: c_text(&name),
        values: values[..count.min(VALUES)].to_vec(),
    })
}

/// The chunk that starts at the index `first`; None if it was never written.
pub fn chunk(dataset: &Dataset, first: &[u64]) -> Result<Option<ChunkLocation>> {
    let (mut skipped, mut address, mut size) = (0, 0, 0);
    if first.len() != dataset.ndim() {
        return Err(Error::from("an index with a different number of axes"));
    }
    let start = first.as_ptr();
    let query = || {
        // SAFETY: `start` has an index for each axis, as checked above.
        unsafe {
            let (address, size) = (&mut address, &mut size);
            H5Dget_chunk_info_by_coord(dataset.id(), start, &mut skipped, address, size)
        }
    };
    status(query)?;
    Ok((address != UNWRITTEN).then_some(ChunkLocation {
        address,
        size,
        skipped,
    }))
}

/// The dataspace of an array of this shape.
pub fn simple_space(shape: &[usize]) -> Result<Dataspace> {
    let dims: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
    let rank = dims.len() as i32;
    // SAFETY: `dims` has as many sizes as the rank; no maximum sizes are passed.
    let id = identifier(|| unsafe { H5Screate_simple(rank, dims.as_ptr(), std::ptr::null()) })?;
    // SAFETY: the identifier is new and refers to a dataspace; the value owns it.
    unsafe { from_id(id) }
}

fn select_rows(from: &Container, rows: &Range<usize>, shape: &[usize]) -> Result<Dataspace> {
    let space = from.space()?;
    let mut start = vec![0_u64; shape.len()];
    start[0] = rows.start as u64;
    let count: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
    if space.ndim() != count.len() {
        return Err(Error::from("an array with a different number of axes"));
    }
    let (null, set) = (std::ptr::null(), H5S_seloper_t::H5S_SELECT_SET);
    let (first, sizes) = (start.as_ptr(), count.as_ptr());
    // SAFETY: `start` and `count` have a value for each axis, as checked above.
    status(|| unsafe { H5Sselect_hyperslab(space.id(), set, first, null, sizes, null) })?;
    Ok(space)
}

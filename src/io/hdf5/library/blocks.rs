//! Writing of an array in blocks, so that a long write can be stopped between two of them.

use std::ops::ControlFlow;

use ::hdf5::{Dataset, Dataspace, Datatype, Error, H5Type, Result};
use hdf5_sys::h5d::H5Dwrite;
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::{H5S_seloper_t, H5Sselect_hyperslab};

use super::call::status;
use super::data::simple_space;

/// Writes `values`, which have the shape of the dataset, in blocks of the given shape. `proceed` is
/// called before each block and can end the write.
pub fn write<T: H5Type>(
    dataset: &Dataset,
    values: &[T],
    block: &[usize],
    proceed: &dyn Fn() -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let shape = dataset.shape();
    if shape.iter().product::<usize>() != values.len() || block.len() != shape.len() {
        return Err(Error::from("values of a different shape than the dataset"));
    }
    let (memory, space) = (Datatype::from_type::<T>()?, simple_space(&shape)?);
    let mut start = vec![0_usize; shape.len()];
    loop {
        if proceed().is_break() {
            return Ok(ControlFlow::Break(()));
        }
        select(&space, &start, block, &shape)?;
        let buffer = values.as_ptr().cast();
        // SAFETY: the buffer holds the whole array, and the selection lies within its shape.
        status(|| unsafe {
            let (id, memory, space) = (dataset.id(), memory.id(), space.id());
            H5Dwrite(id, memory, space, space, H5P_DEFAULT, buffer)
        })?;
        // Advance the last axis first.
        let axes = (0..start.len()).rev();
        let next = axes
            .into_iter()
            .find(|&axis| start[axis] + block[axis] < shape[axis]);
        let Some(axis) = next else {
            return Ok(ControlFlow::Continue(()));
        };
        start[axis] += block[axis];
        start[axis + 1..].fill(0);
    }
}

/// Selects the block at the index `start`, up to the end of the array.
fn select(space: &Dataspace, start: &[usize], block: &[usize], shape: &[usize]) -> Result<()> {
    let first: Vec<u64> = start.iter().map(|index| *index as u64).collect();
    let sizes = start.iter().zip(block).zip(shape);
    let count: Vec<u64> = sizes
        .map(|((index, size), limit)| (*size).min(limit - index) as u64)
        .collect();
    let (null, set) = (std::ptr::null(), H5S_seloper_t::H5S_SELECT_SET);
    let (from, sizes) = (first.as_ptr(), count.as_ptr());
    // SAFETY: `first` and `count` have a value for each axis.
    status(|| unsafe { H5Sselect_hyperslab(space.id(), set, from, null, sizes, null) })
}

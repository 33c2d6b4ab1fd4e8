//! The destinations of an array in a file: a dataset or an attribute. Large datasets are written in
//! blocks, so that a long write can be ended between two of them.

use std::ops::ControlFlow;

use ::hdf5::{Dataset, Group, H5Type, Location, Result};
use ndarray::ArrayViewD;

use super::library::blocks;

/// Size of a block and of a compressed chunk in bytes: the library caches one chunk of this size,
/// and compressing it takes a few hundredths of a second.
const BLOCK_BYTES: usize = 1 << 20;

/// How datasets are stored.
pub struct Storage<'a> {
    /// gzip compression level; 0 disables compression.
    pub level: u8,
    /// Called before each block; can end the write.
    pub proceed: &'a dyn Fn() -> ControlFlow<()>,
}

/// The destination of an array: a dataset or an attribute.
pub trait Target {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, storage: &Storage) -> Result<ControlFlow<()>>;
    /// Writes HDF5's null dataspace.
    fn put_null(self) -> Result<()>;
}

/// A dataset to create.
pub struct DatasetTarget<'a> {
    pub group: &'a Group,
    pub name: &'a str,
}

/// An attribute to create.
pub struct AttributeTarget<'a> {
    pub of: &'a Location,
    pub name: &'a str,
}

impl Target for DatasetTarget<'_> {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, storage: &Storage) -> Result<ControlFlow<()>> {
        let values = array.as_slice().filter(|values| !values.is_empty());
        let (Some(values), true) = (values, array.ndim() > 0) else {
            let dataset = self.group.new_dataset_builder().with_data(array);
            return dataset
                .create(self.name)
                .map(|_: Dataset| ControlFlow::Continue(()));
        };
        let block = block_shape(array.shape(), size_of::<T>());
        let mut dataset = self.group.new_dataset_builder();
        if storage.level > 0 {
            dataset = dataset
                .shuffle()
                .deflate(storage.level)
                .chunk(block.clone());
        }
        let dataset = dataset
            .empty::<T>()
            .shape(array.shape().to_vec())
            .create(self.name)?;
        blocks::write(&dataset, values, &block, storage.proceed)
    }
    fn put_null(self) -> Result<()> {
        let dataset = self.group.new_dataset::<f64>().shape(::hdf5::Extents::Null);
        dataset.create(self.name).map(drop)
    }
}

impl Target for AttributeTarget<'_> {
    fn put<T: H5Type>(self, array: ArrayViewD<T>, _: &Storage) -> Result<ControlFlow<()>> {
        let attribute = self.of.new_attr_builder().with_data(array);
        attribute
            .create(self.name)
            .map(|_| ControlFlow::Continue(()))
    }
    fn put_null(self) -> Result<()> {
        let attribute = self.of.new_attr::<f64>().shape(::hdf5::Extents::Null);
        attribute.create(self.name).map(drop)
    }
}

/// The largest block of at most [`BLOCK_BYTES`] that is contiguous in an array of this shape.
fn block_shape(shape: &[usize], element: usize) -> Vec<usize> {
    let mut remaining = (BLOCK_BYTES / element.max(1)).max(1);
    let mut block = vec![1; shape.len()];
    for (size, block) in shape.iter().zip(&mut block).rev() {
        *block = (*size).min(remaining);
        remaining /= *block;
        if *block < *size || remaining == 0 {
            break;
        }
    }
    block
}

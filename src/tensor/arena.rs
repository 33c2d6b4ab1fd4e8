//! All parameters of a model in one flat array, with a name and a shape for each block. Penalty,
//! clipping and optimizer thus take two passes over memory: one for the norms, one for the step.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::{Real, convert};
use crate::base::{Error, Result};

/// One named block of an [`Arena`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub name: String,
    /// Row-major, weights as [out, in].
    pub shape: Vec<usize>,
    pub range: Range<usize>,
}

/// Names, shapes and ranges of the blocks of a flat array.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    blocks: Vec<Block>,
}

impl Layout {
    /// A layout of consecutive blocks in this order.
    pub fn new(blocks: impl IntoIterator<Item = (String, Vec<usize>)>) -> Layout {
        let mut start = 0;
        let blocks = blocks.into_iter().map(|(name, shape)| {
            let range = start..start + shape.iter().product::<usize>();
            start = range.end;
            Block { name, shape, range }
        });
        Layout {
            blocks: blocks.collect(),
        }
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Total number of elements.
    pub fn len(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.range.end)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block with this name.
    ///
    /// Errors: `Unknown` if no block has this name
    pub fn block(&self, name: &str) -> Result<&Block> {
        self.blocks
            .iter()
            .find(|block| block.name == name)
            .ok_or_else(|| Error::Unknown {
                of: "the network".into(),
                category: "parameter",
                name: name.into(),
                known: self.blocks.iter().map(|block| block.name.clone()).collect(),
            })
    }
}

/// A flat array of parameters (or gradients) with its layout.
#[derive(Debug, Clone)]
pub struct Arena<T> {
    layout: Arc<Layout>,
    pub data: Vec<T>,
}

impl<T: Real> Arena<T> {
    /// An arena of zeros.
    pub fn zeros(layout: Arc<Layout>) -> Arena<T> {
        Arena {
            data: vec![T::of(0.0); layout.len()],
            layout,
        }
    }

    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The elements of the block `name`, row-major.
    pub fn block(&self, name: &str) -> Result<&[T]> {
        Ok(&self.data[self.layout.block(name)?.range.clone()])
    }

    pub fn block_mut(&mut self, name: &str) -> Result<&mut [T]> {
        let range = self.layout.block(name)?.range.clone();
        Ok(&mut self.data[range])
    }

    /// A copy of one block as a tensor on the CPU.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let block = self.layout.block(name)?;
        let values = &self.data[block.range.clone()];
        Ok(Tensor::from_slice(
            values,
            block.shape.as_slice(),
            &Device::Cpu,
        )?)
    }

    /// Copies of all blocks, in the order of the layout.
    pub fn tensors(&self) -> Result<Vec<Tensor>> {
        let names = self.layout.blocks().iter().map(|block| &block.name);
        names.map(|name| self.tensor(name)).collect()
    }

    /// Overwrites one block with the elements of `tensor`, converted to the dtype of the arena.
    ///
    /// Errors: `Parameter` if the shapes differ; `Unknown` if no block has this name
    pub fn set(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        let block = self.layout.block(name)?.clone();
        if tensor.dims() != block.shape {
            return Err(Error::Parameter {
                name: block.name,
                expected: block.shape,
                found: tensor.dims().to_vec(),
            });
        }
        let values = convert::to_vec::<T>(tensor)?;
        self.data[block.range].copy_from_slice(&values);
        Ok(())
    }
}

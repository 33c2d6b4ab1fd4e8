//! Sparse matrices, which are read as dense ones.

use super::array::{Header, Reader};
use super::element::{Cursor, damaged};
use crate::base::Result;
use crate::base::error::FileError;
use crate::io::elements;
use crate::io::tree::Tree;
use crate::tensor::{DType, Device, Tensor};

/// Bytes per element of the dense matrix: its value as f64, and the element of the tensor.
const DENSE_BYTES: usize = 16;

impl Reader<'_> {
    /// A sparse matrix as a dense one.
    pub fn sparse(&mut self, mut header: Header, key: &str) -> Result<Tree> {
        let &[columns, rows] = header.shape.as_slice() else {
            return Err(self.error(key, damaged("a sparse array that is not a matrix")));
        };
        let is_big_endian = self.is_big_endian;
        let mut indices = || header.parts.require()?.integers(is_big_endian);
        let row_indices = indices().map_err(|fact| self.error(key, fact))?;
        let starts = indices().map_err(|fact| self.error(key, fact))?;
        let count = starts.last().map_or(0, |end| (*end).max(0) as usize);
        let layout = Layout {
            rows,
            columns,
            count,
        };
        let offsets = layout.offsets(&row_indices, &starts);
        let offsets = offsets.map_err(|fact| self.error(key, fact))?;
        let dtype = match header.is_logical {
            true => DType::U8,
            false => DType::F64,
        };
        let parts = &mut header.parts;
        let re = self
            .dense(parts, &header.shape, &offsets, key)?
            .to_dtype(dtype)?;
        if !header.is_complex {
            return Ok(Tree::Tensor(re));
        }
        let im = self
            .dense(parts, &header.shape, &offsets, key)?
            .to_dtype(dtype)?;
        Ok(Tree::from([("re", re.into()), ("im", im.into())]))
    }

    /// The real or the imaginary part of a matrix with values at `offsets`.
    fn dense(
        &mut self,
        parts: &mut Cursor,
        shape: &[usize],
        offsets: &[usize],
        key: &str,
    ) -> Result<Tensor> {
        self.budget.array(self.path, key, shape, DENSE_BYTES)?;
        let element = parts.require().map_err(|fact| self.error(key, fact))?;
        let number = element.number().map_err(|fact| self.error(key, fact))?;
        let count = offsets.len();
        if element.data.len() / number.size() < count {
            return Err(self.error(key, damaged("fewer values than indices")));
        }
        let mut bytes = element.data;
        let values = elements::read(&mut bytes, number, self.is_big_endian, &[count]);
        let values = values.map_err(|fact| self.error(key, fact))?;
        let values = values.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let mut dense = vec![0.0; shape.iter().product()];
        for (offset, value) in offsets.iter().zip(values) {
            dense[*offset] = value;
        }
        Ok(Tensor::from_vec(dense, shape, &Device::Cpu)?)
    }
}

/// The layout of a sparse matrix with `count` values.
struct Layout {
    rows: usize,
    columns: usize,
    count: usize,
}

impl Layout {
    /// The offset of each value in the dense matrix. `starts` contains the index of the first value
    /// of each column.
    fn offsets(&self, row_indices: &[i32], starts: &[i32]) -> Result<Vec<usize>, FileError> {
        let is_ascending = starts.first() == Some(&0) && starts.is_sorted();
        if starts.len() != self.columns + 1 || !is_ascending || self.count > row_indices.len() {
            return Err(damaged("the columns of a sparse matrix are inconsistent"));
        }
        let mut offsets = Vec::with_capacity(self.count);
        for (column, range) in starts.windows(2).enumerate() {
            for row in &row_indices[range[0] as usize..range[1] as usize] {
                match usize::try_from(*row) {
                    Ok(row) if row < self.rows => offsets.push(column * self.rows + row),
                    _ => return Err(damaged("a row index exceeds the sparse matrix")),
                }
            }
        }
        Ok(offsets)
    }
}

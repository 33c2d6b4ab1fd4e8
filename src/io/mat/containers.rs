//! Cells and structs.

use super::array::{Header, Reader};
use super::element::{Cursor, Element, MATRIX, damaged};
use crate::base::Result;
use crate::base::error::FileError;
use crate::io::nest::nest;
use crate::io::tree::{Map, Tree, join};

impl Reader<'_> {
    /// A list for a row or a column of cells, else nested lists.
    pub fn cell(&mut self, mut header: Header, key: &str) -> Result<Tree> {
        let count = header.shape.iter().product();
        self.check_count(&header.parts, count, key)?;
        let mut items = Vec::with_capacity(count);
        for index in 0..count {
            let item_key = join(key, &index.to_string());
            let value = self.child(&mut header.parts, &item_key)?;
            items.push(value.unwrap_or(Tree::Null));
        }
        Ok(nest_cells(items, &header.shape))
    }

    /// A map of the fields; for several structs, each field is a list of its values.
    pub fn fields(&mut self, mut header: Header, key: &str) -> Result<Tree> {
        let names = self
            .field_names(&mut header.parts)
            .map_err(|fact| self.error(key, fact))?;
        let count: usize = header.shape.iter().product();
        self.check_count(&header.parts, count.saturating_mul(names.len()), key)?;
        let mut columns: Vec<Vec<Option<Tree>>> = vec![Vec::new(); names.len()];
        for _ in 0..if names.is_empty() { 0 } else { count } {
            for (name, column) in names.iter().zip(&mut columns) {
                column.push(self.child(&mut header.parts, &join(key, name))?);
            }
        }
        let mut map = Map::new();
        for (name, mut column) in names.into_iter().zip(columns) {
            let value = match count {
                1 => column.pop().flatten(),
                _ => {
                    let items = column.into_iter().map(|item| item.unwrap_or(Tree::Null));
                    Some(nest_cells(items.collect(), &header.shape))
                }
            };
            if let Some(value) = value {
                map.insert(name, value);
            }
        }
        Ok(Tree::Map(map))
    }

    fn field_names(&self, parts: &mut Cursor) -> Result<Vec<String>, FileError> {
        let length = parts.require()?.integers(self.is_big_endian)?;
        let names = parts.require()?;
        let length = match length[..] {
            [length] if length > 0 => length as usize,
            _ if names.data.is_empty() => return Ok(Vec::new()),
            _ => return Err(damaged("an invalid length of field names")),
        };
        let name = |bytes: &[u8]| {
            let end = bytes
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        Ok(names.data.chunks(length).map(name).collect())
    }

    /// The next array within a cell or a struct.
    fn child(&mut self, parts: &mut Cursor, key: &str) -> Result<Option<Tree>> {
        match parts.require().map_err(|fact| self.error(key, fact))? {
            Element { kind: MATRIX, data } => self.variable(data, key),
            Element { kind, .. } => {
                let found = format!("an element of type {kind}, expected an array");
                Err(self.error(key, damaged(found)))
            }
        }
    }

    /// Checks that `count` arrays can follow.
    fn check_count(&self, parts: &Cursor, count: usize, key: &str) -> Result<()> {
        /// Size of an empty array in bytes.
        const MIN_BYTES: usize = 8;
        match count <= parts.remaining() / MIN_BYTES {
            true => Ok(()),
            false => {
                let found = format!("{count} arrays in {} bytes", parts.remaining());
                Err(self.error(key, damaged(found)))
            }
        }
    }
}

/// One list for a row or a column of values, else nested lists; `shape` is in reverse order.
fn nest_cells(items: Vec<Tree>, shape: &[usize]) -> Tree {
    if matches!(shape, [1, _] | [_, 1]) {
        return Tree::List(items);
    }
    let mut items = items.into_iter().map(Ok::<Tree, std::convert::Infallible>);
    match nest(&mut items, shape) {
        Ok(tree) => tree,
    }
}

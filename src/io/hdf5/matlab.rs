//! MAT-files of version 7.3: HDF5 with attributes that say what an array stands for. Axes are in
//! the reverse of MATLAB's order, as h5py shows them too.

use super::fault;
use super::reader::Reader;
use crate::base::Result;
use crate::io::tree::{Map, Tree};
use crate::tensor::{DType, Device, Tensor};

/// The attribute that names the class of an entry.
const CLASS: &str = "MATLAB_class";
/// The attribute of an entry that holds the sizes of an empty array instead of its values.
const EMPTY: &str = "MATLAB_empty";
/// The attribute of objects, whose values are indices into a part of the file that has no
/// documentation.
const OBJECT: &str = "MATLAB_object_decode";
/// Groups that MATLAB keeps for itself.
const INTERNAL: [&str; 2] = ["#refs#", "#subsystem#"];

/// Whether MATLAB keeps the entry at `key` for itself.
pub fn is_internal(key: &str) -> bool {
    INTERNAL.contains(&key)
}

/// What MATLAB means by the entry `key` with the attributes `said`, whose stored value is `value`.
///
/// Errors: `File` for an object of a class, or as [`Reader::referenced`]
pub fn meaning(reader: &mut Reader, key: &str, said: &Map, value: Tree) -> Result<Tree> {
    let class = match said.get(CLASS) {
        Some(Tree::Text(class)) => class.as_str(),
        _ => "",
    };
    if said.contains_key(OBJECT) {
        let found = format!("a MATLAB object of class `{class}`, which only MATLAB can read");
        return Err(fault::kind(reader.path(), key, found));
    }
    if matches!(said.get(EMPTY), Some(Tree::Int(mark)) if *mark != 0) {
        return empty(class, value);
    }
    match (class, value) {
        ("char", Tree::Tensor(codes)) => text(&codes),
        ("cell" | "", Tree::List(paths)) if reader.is_matlab() => cell(reader, key, paths),
        ("cell", Tree::List(paths)) => cell(reader, key, paths),
        (_, value) => Ok(value),
    }
}

/// An empty array; the file holds its sizes in MATLAB's order.
fn empty(class: &str, sizes: Tree) -> Result<Tree> {
    let sizes = match &sizes {
        Tree::Tensor(sizes) => sizes
            .flatten_all()?
            .to_dtype(DType::I64)?
            .to_vec1::<i64>()?,
        _ => Vec::new(),
    };
    let dtype = match class {
        "char" => return Ok(Tree::from("")),
        "cell" => return Ok(Tree::List(Vec::new())),
        "struct" => return Ok(Tree::map()),
        "single" => DType::F32,
        "double" => DType::F64,
        "logical" | "uint8" => DType::U8,
        "uint16" | "uint32" => DType::U32,
        _ => DType::I64,
    };
    let mut shape: Vec<usize> = sizes
        .iter()
        .rev()
        .map(|size| (*size).max(0) as usize)
        .collect();
    if !shape.contains(&0) {
        shape = vec![0];
    }
    Ok(Tree::Tensor(Tensor::zeros(shape, dtype, &Device::Cpu)?))
}

/// A text for one row of characters, a list of texts for several.
fn text(codes: &Tensor) -> Result<Tree> {
    let &[length, rows] = codes.dims() else {
        return Ok(Tree::Tensor(codes.clone()));
    };
    let codes = codes
        .flatten_all()?
        .to_dtype(DType::I64)?
        .to_vec1::<i64>()?;
    let row = |row: usize| {
        let codes: Vec<u16> = (0..length)
            .map(|index| codes[index * rows + row] as u16)
            .collect();
        Tree::Text(String::from_utf16_lossy(&codes))
    };
    match rows {
        1 => Ok(row(0)),
        _ => Ok(Tree::List((0..rows).map(row).collect())),
    }
}

/// The values that the paths lead to: one list for a row or a column of cells, else lists in lists.
fn cell(reader: &mut Reader, key: &str, items: Vec<Tree>) -> Result<Tree> {
    let column = items
        .iter()
        .all(|item| matches!(item, Tree::List(inner) if inner.len() == 1));
    let mut values = Vec::new();
    let single = items.len() == 1;
    for item in items {
        values.push(match item {
            Tree::Text(path) => reader.referenced(key, &path)?,
            Tree::List(mut inner) if column => match inner.pop() {
                Some(Tree::Text(path)) => reader.referenced(key, &path)?,
                Some(other) => other,
                None => Tree::Nothing,
            },
            Tree::List(inner) if single => return cell(reader, key, inner),
            Tree::List(inner) => cell(reader, key, inner)?,
            other => other,
        });
    }
    Ok(Tree::List(values))
}

//! MAT-files of version 7.3: HDF5 with attributes that specify the meaning of an array. Axes are in
//! the reverse of MATLAB's order, as in h5py.

use std::path::Path;

use super::error;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::matlab;
use crate::io::tree::{Map, Tree};
use crate::tensor::{DType, Tensor};

/// The attribute with the MATLAB class of an entry.
const CLASS: &str = "MATLAB_class";
/// The attribute that marks an empty array, whose stored values are its sizes.
const EMPTY: &str = "MATLAB_empty";
/// The attribute of objects, whose values are indices into an undocumented part of the file.
const OBJECT: &str = "MATLAB_object_decode";
/// Internal groups of MATLAB.
const INTERNAL: [&str; 2] = ["#refs#", "#subsystem#"];

/// Whether the entry at `key` is internal to MATLAB.
pub fn is_internal(key: &str) -> bool {
    INTERNAL.contains(&key)
}

/// An entry whose values are interpreted.
#[derive(Clone, Copy)]
pub struct MatlabEntry<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    /// Whether MATLAB wrote the file.
    pub is_matlab: bool,
}

/// Reads the object that a reference in the entry points to.
pub type Dereference<'a> = &'a mut dyn FnMut(&str) -> Result<Tree>;

/// Interprets the stored `value` of an entry according to its MATLAB attributes.
///
/// Errors: `File` for an object of a class, or those of `dereference`
pub fn interpret(
    entry: MatlabEntry,
    attributes: &Map,
    value: Tree,
    dereference: Dereference,
) -> Result<Tree> {
    let class = match attributes.get(CLASS) {
        Some(Tree::Text(class)) => class.as_str(),
        _ => "",
    };
    if attributes.contains_key(OBJECT) {
        let found = format!("a MATLAB object of class `{class}`, which only MATLAB can read");
        return Err(error::kind(entry.path, entry.key, found));
    }
    if is_empty(attributes) {
        return empty(class, value);
    }
    match (class, value) {
        ("char", Tree::Tensor(codes)) => text(&codes),
        ("cell" | "", Tree::List(paths)) if entry.is_matlab => cell(paths, dereference),
        ("cell", Tree::List(paths)) => cell(paths, dereference),
        (_, value) => Ok(value),
    }
}

/// Checks that rows of an entry can be read: the stored values of MATLAB text, cells and empty
/// arrays are not the values of the entry.
///
/// Errors: `File` for such an entry
pub fn check_rows(path: &Path, key: &str, attributes: &Map) -> Result<()> {
    let found = match attributes.get(CLASS) {
        _ if attributes.contains_key(OBJECT) => "a MATLAB object",
        _ if is_empty(attributes) => "an empty MATLAB array",
        Some(Tree::Text(class)) if class == "char" => "MATLAB text",
        Some(Tree::Text(class)) if class == "cell" => "a MATLAB cell array",
        _ => return Ok(()),
    };
    let key = key.to_string();
    Err(Error::file(path, FileError::NoRows { key, found }))
}

fn is_empty(attributes: &Map) -> bool {
    matches!(attributes.get(EMPTY), Some(Tree::Int(flag)) if *flag != 0)
}

/// An empty array; the file stores its sizes in MATLAB's order.
fn empty(class: &str, sizes: Tree) -> Result<Tree> {
    let sizes = match &sizes {
        Tree::Tensor(sizes) => sizes
            .flatten_all()?
            .to_dtype(DType::I64)?
            .to_vec1::<i64>()?,
        _ => Vec::new(),
    };
    let shape = sizes
        .iter()
        .rev()
        .map(|size| (*size).max(0) as usize)
        .collect();
    Ok(matlab::empty(class, shape)?)
}

/// A text for one row of characters, a list of strings for several rows.
fn text(codes: &Tensor) -> Result<Tree> {
    let &[length, rows] = codes.dims() else {
        return Ok(Tree::Tensor(codes.clone()));
    };
    let codes = codes
        .flatten_all()?
        .to_dtype(DType::I64)?
        .to_vec1::<i64>()?;
    let codes: Vec<u16> = codes.into_iter().map(|code| code as u16).collect();
    Ok(matlab::text(&codes, length, rows))
}

/// The values at the given paths: one list for a row or column of cells, else nested lists.
fn cell(items: Vec<Tree>, dereference: Dereference) -> Result<Tree> {
    let column = items
        .iter()
        .all(|item| matches!(item, Tree::List(inner) if inner.len() == 1));
    let mut values = Vec::new();
    let single = items.len() == 1;
    for item in items {
        values.push(match item {
            Tree::Text(path) => dereference(&path)?,
            Tree::List(mut inner) if column => match inner.pop() {
                Some(Tree::Text(path)) => dereference(&path)?,
                Some(other) => other,
                None => Tree::Null,
            },
            Tree::List(inner) if single => return cell(inner, dereference),
            Tree::List(inner) => cell(inner, dereference)?,
            other => other,
        });
    }
    Ok(Tree::List(values))
}

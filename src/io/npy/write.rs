//! Writing of NumPy arrays, in version 1 of the format.

use std::path::Path;

use super::header;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::atomic::atomic_write;
use crate::io::tree::Tree;
use crate::tensor::{DType, Tensor};

/// Writes a tensor, a number, a boolean, a string or a list of strings to the file at `path`
/// atomically.
///
/// Errors: `File` if writing fails, or for another value
pub fn write(path: impl AsRef<Path>, value: &Tree) -> Result<()> {
    let path = path.as_ref();
    let bytes = serialize(value).map_err(|found| {
        let expected = "a tensor, a number, a string or a list of strings";
        Error::file(path, FileError::Format { expected, found })
    })?;
    atomic_write(path, &bytes)
}

/// The bytes of an array file.
///
/// Errors: the kind of a value that is not an array
pub fn serialize(value: &Tree) -> Result<Vec<u8>, String> {
    match value {
        Tree::Tensor(tensor) => tensor_bytes(tensor).map_err(|error| error.to_string()),
        Tree::Float(x) => Ok(join("<f8", &[], x.to_le_bytes())),
        Tree::Int(n) => Ok(join("<i8", &[], n.to_le_bytes())),
        Tree::Bool(flag) => Ok(join("|b1", &[], [u8::from(*flag)])),
        Tree::Text(text) => Ok(text_bytes(&[text], &[])),
        Tree::List(items) => {
            let texts = items.iter().map(|item| match item {
                Tree::Text(text) => Ok(text.as_str()),
                other => Err(format!("a list that contains {}", other.kind())),
            });
            let texts = texts.collect::<Result<Vec<&str>, String>>()?;
            Ok(text_bytes(&texts, &[texts.len()]))
        }
        Tree::Null | Tree::Map(_) => Err(value.kind().into()),
    }
}

fn join(descr: &str, shape: &[usize], values: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = header::write(descr, shape);
    bytes.extend_from_slice(values.as_ref());
    bytes
}

macro_rules! value_bytes {
    ($tensor:expr, $type:ty) => {
        $tensor
            .to_vec1::<$type>()?
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<u8>>()
    };
}

fn tensor_bytes(tensor: &Tensor) -> Result<Vec<u8>, candle_core::Error> {
    let flat = tensor.detach().flatten_all()?;
    let (descr, values) = match tensor.dtype() {
        DType::U8 => ("|u1", value_bytes!(flat, u8)),
        DType::U32 => ("<u4", value_bytes!(flat, u32)),
        DType::I64 => ("<i8", value_bytes!(flat, i64)),
        DType::F64 => ("<f8", value_bytes!(flat, f64)),
        _ => {
            let flat = flat.to_dtype(DType::F32)?;
            ("<f4", value_bytes!(flat, f32))
        }
    };
    Ok(join(descr, tensor.dims(), values))
}

/// Texts of equal length, padded with zeros.
fn text_bytes(texts: &[&str], shape: &[usize]) -> Vec<u8> {
    let lengths = texts.iter().map(|text| text.chars().count());
    // NumPy has no texts of length 0.
    let longest = lengths.max().unwrap_or(0).max(1);
    let mut values = Vec::with_capacity(texts.len() * longest * 4);
    for text in texts {
        let codes = text.chars().map(u32::from).chain(std::iter::repeat(0));
        values.extend(codes.take(longest).flat_map(u32::to_le_bytes));
    }
    join(&format!("<U{longest}"), shape, values)
}

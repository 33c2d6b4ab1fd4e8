//! Values of MATLAB that both versions of MAT-files contain. Axes are in the reverse of MATLAB's
//! order, as in h5py: the values of a file are used as they are stored.

use super::tree::Tree;
use crate::tensor::{DType, Device, Tensor};

/// The dtype of the arrays of a class.
pub fn dtype(class: &str) -> DType {
    match class {
        "single" => DType::F32,
        "double" => DType::F64,
        "logical" | "uint8" => DType::U8,
        "uint16" | "uint32" => DType::U32,
        _ => DType::I64,
    }
}

/// An empty array; `shape` is in reverse order.
///
/// Errors: those of the tensor library
pub fn empty(class: &str, mut shape: Vec<usize>) -> Result<Tree, candle_core::Error> {
    match class {
        "char" => return Ok(Tree::from("")),
        "cell" => return Ok(Tree::List(Vec::new())),
        "struct" => return Ok(Tree::map()),
        _ => {}
    }
    if !shape.contains(&0) {
        shape = vec![0];
    }
    let tensor = Tensor::zeros(shape, dtype(class), &Device::Cpu)?;
    Ok(Tree::Tensor(tensor))
}

/// A text for one row of UTF-16 code units, a list of strings for several rows.
pub fn text(codes: &[u16], length: usize, rows: usize) -> Tree {
    let row = |row: usize| {
        let codes: Vec<u16> = (0..length).map(|index| codes[index * rows + row]).collect();
        Tree::Text(String::from_utf16_lossy(&codes))
    };
    match rows {
        1 => row(0),
        _ => Tree::List((0..rows).map(row).collect()),
    }
}

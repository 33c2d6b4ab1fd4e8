//! Script module `npy`: arrays of NumPy.

use super::context::Context;
use super::convert::to_tensor;
use super::h5::{to_tree, to_value};
use super::value::Value;
use crate::io::{Tree, npy};
use crate::tensor::DType;

crate::natives! {
    /// NumPy arrays (.npy), one per file. Arrays of Python objects are an error: they contain a
    /// pickle, and nothing in a file is executed.
    module "npy";

    /// Writes a tensor, a number, a string or a (nested) list of numbers or strings to a NumPy
    /// file. The dtype and the shape of a tensor are preserved. The write is atomic. A relative
    /// path starts in the folder of `--out`.
    ///
    /// > npy::write("weights.npy", tensor([[1.0, 2.0], [3.0, 4.0]]));
    /// > npy::read("weights.npy")
    /// = tensor [2, 2] f32 [[1, 2], [3, 4]]
    fn write(cx: &Context, path: String, value: Value) -> () {
        let tree = to_array(to_tree("npy::write", "array", "", value)?);
        Ok(npy::write(cx.output_path(&path)?, &tree)?)
    }

    /// Returns the array in a NumPy file. Arrays of numbers become tensors: bool and uint8 of dtype
    /// "u8", uint16 and uint32 of "u32", other integers of "i64", float16 and float32 of "f32",
    /// float64 of "f64". Complex numbers become a map of `re` and `im`, strings a (nested) list. An
    /// array without axes becomes a number, a boolean or a string. Fortran order and both byte
    /// orders are supported.
    ///
    /// > npy::write("counts.npy", [3, 1, 2]);
    /// > npy::read("counts.npy").sum()
    /// = 6
    fn read(cx: &Context, path: String) -> Value {
        Ok(to_value(npy::read(cx.input_path(&path)?, cx.meter.remaining())?))
    }
}

/// A list of numbers as a tensor: NumPy has no lists.
pub fn to_array(tree: Tree) -> Tree {
    match tree {
        Tree::List(_) => match to_tensor(&to_value(tree.clone()), list_dtype(&tree)) {
            Some(tensor) => Tree::Tensor(tensor),
            None => tree,
        },
        Tree::Map(map) => {
            let entries = map.into_iter().map(|(name, value)| (name, to_array(value)));
            Tree::Map(entries.collect())
        }
        other => other,
    }
}

/// i64 for a list of integers, else f64.
fn list_dtype(tree: &Tree) -> DType {
    match tree {
        Tree::List(items)
            if !items.is_empty() && items.iter().all(|item| matches!(item, Tree::Int(_))) =>
        {
            DType::I64
        }
        _ => DType::F64,
    }
}

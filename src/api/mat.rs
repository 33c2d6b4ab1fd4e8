//! Script module `mat`: files of MATLAB.

use super::context::Context;
use super::h5::{read_options, to_value};
use super::unreadable;
use super::value::Value;
use crate::io::mat;

crate::natives! {
    /// MAT-files of MATLAB and Octave, of versions 5, 6, 7 and 7.3.
    module "mat";

    /// Returns the variables in a MAT-file as a map, or a single one by its name, or one of its
    /// fields with a path such as `"run/rates"`.
    ///
    /// Axes are in reverse order, as in `h5::read`: a matrix with 3 rows and 4 columns has shape
    /// [4, 3], so that `x.transpose()` is the matrix of MATLAB. Numbers become tensors of at least
    /// two axes: double of dtype "f64", single of "f32", logical and uint8 of "u8", uint16 and
    /// uint32 of "u32", other integers of "i64". Complex numbers become a map of `re` and `im`,
    /// character arrays strings, cells lists, and structs maps. Several structs become a map of
    /// lists. Up to version 7, a sparse matrix becomes a tensor; in version 7.3 it remains a map of
    /// its parts. Objects and function handles are skipped; a printed line names them.
    ///
    /// > h5::write("data.mat", #{ x: [[1.0, 2.0]] });
    /// > mat::read("data.mat", "x")
    /// = tensor [1, 2] f64 [[1, 2]]
    fn read(cx: &Context, path: String, entry: Option<String>) -> Value {
        let (file, options) = (cx.input_path(&path)?, read_options(cx));
        let content = mat::read(file, entry.as_deref().unwrap_or(""), &options)?;
        unreadable::print_note(cx, &path, &content.unreadable);
        Ok(to_value(content.tree))
    }
}

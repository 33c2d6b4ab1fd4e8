//! Script module `npz`: archives of NumPy arrays.

use super::context::Context;
use super::h5::{to_tree, to_value};
use super::npy::to_array;
use super::options::CallOptions;
use super::unreadable;
use super::value::{Map, Value};
use crate::io::{Tree, npz};

crate::options! {
    /// Options of `npz::write`.
    pub struct ArchiveOptions for "npz::write" {
        /// Compress the arrays, as `np.savez_compressed` does.
        compress: bool = false;
    }
}

crate::natives! {
    /// NumPy archives (.npz) of named arrays.
    module "npz";

    /// Writes a map of tensors, numbers, strings and lists of them to a NumPy archive. Nested maps
    /// become names with `/`. The write is atomic. A relative path starts in the folder of `--out`.
    ///
    /// > npz::write("run.npz", #{ x: [1.5, 2.5], rates: #{ mean: 3.0 } });
    /// > npz::read("run.npz").rates.mean
    /// = 3.0
    fn write(cx: &Context, path: String, map: Map, options: CallOptions<ArchiveOptions>) -> () {
        let tree = to_array(to_tree("npz::write", "array", "", Value::Map(map))?);
        let path = cx.output_path(&path)?;
        match tree {
            Tree::Map(map) => Ok(npz::write(path, &map, options.compress)?),
            _ => Ok(()),
        }
    }

    /// Returns the arrays in a NumPy archive as a map, or a single array by its name. Values are
    /// converted as by `npy::read`. A `/` in a name separates nested maps. Arrays that cannot be
    /// read, such as those of Python objects, are skipped; a printed line names them.
    ///
    /// > npz::write("two.npz", #{ a: [1, 2], b: "text" });
    /// > npz::read("two.npz", "b")
    /// = text
    fn read(cx: &Context, path: String, name: Option<String>) -> Value {
        let (file, max_bytes) = (cx.input_path(&path)?, cx.meter.remaining());
        if let Some(name) = name {
            return Ok(to_value(npz::read_array(file, &name, max_bytes)?));
        }
        let arrays = npz::read(file, max_bytes)?;
        unreadable::print_note(cx, &path, &arrays.unreadable);
        Ok(to_value(arrays.tree))
    }
}

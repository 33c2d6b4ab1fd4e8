//! Calls of the HDF5 library that its crate does not wrap: types known only at run time, non-UTF-8
//! paths, chunk sizes, and link targets.
//!
//! This is the only place outside the kernels with `unsafe`. Every call takes the crate's lock
//! through [`call::status`] or [`call::identifier`], every identifier is owned by a type of the
//! crate, and every buffer is checked against the size that the library will write.

pub mod blocks;
mod call;
pub mod data;
mod file;
mod links;
pub mod names;
pub mod sources;
pub mod types;

pub use file::{create, open};
pub use links::{Address, Target, address, object, target};

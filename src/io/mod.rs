//! Files: trees of named arrays in HDF5, written whole or not at all. The only place below the
//! script vocabulary that touches a disk.

pub mod atomic;
pub mod format;
pub mod hdf5;
pub mod provenance;
pub mod tree;
pub mod tutorial;

pub use atomic::{Beside, atomic_write};
pub use provenance::Provenance;
pub use tree::{Map, Tree};

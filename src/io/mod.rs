//! Files: trees of named arrays in HDF5, and the weights of other programs; written whole or not at
//! all. The only place below the script vocabulary that touches a disk.

pub mod atomic;
pub mod entries;
pub mod format;
pub mod hdf5;
mod leftover;
pub mod named;
pub mod provenance;
pub mod safetensors;
mod special;
pub mod text;
pub mod torch;
pub mod tree;

pub use atomic::{Beside, atomic_write};
pub use entries::Entries;
pub use named::{Content, Named};
pub use provenance::Provenance;
pub use special::is_plain;
pub use tree::{Map, Tree};

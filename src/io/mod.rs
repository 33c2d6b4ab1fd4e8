//! Files: trees of named arrays in HDF5, and weights of other programs. All writes are atomic. This
//! is the only layer below the script vocabulary that accesses the disk.

pub mod atomic;
pub mod hdf5;
pub mod lookup;
pub mod magic_bytes;
pub mod provenance;
pub mod safetensors;
pub mod special;
mod system_error;
mod temp_files;
pub mod text;
pub mod torch;
pub mod tree;
pub mod weight_file;
pub mod weights;

pub use atomic::{TempFile, atomic_write};
pub use lookup::Lookup;
pub use provenance::Provenance;
pub use special::is_replaceable;
pub use tree::{Map, Tree};
pub use weight_file::{NamedTensors, WeightFile};

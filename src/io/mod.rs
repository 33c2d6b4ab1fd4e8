//! Files: trees of named arrays in HDF5, arrays of NumPy and MATLAB, tables in CSV, and weights of
//! other programs. Complete files are written atomically. This is the only layer below the script
//! vocabulary that accesses the disk.

pub mod atomic;
mod budget;
pub mod csv;
mod elements;
pub mod file_format;
pub mod folder;
pub mod hdf5;
pub mod lookup;
pub mod magic_bytes;
pub mod mat;
mod matlab;
mod nest;
pub mod npy;
pub mod npz;
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
mod zip_error;

pub use atomic::{TempFile, atomic_write};
pub use lookup::Lookup;
pub use provenance::Provenance;
pub use special::is_replaceable;
pub use tree::{Map, Tree};
pub use weight_file::{NamedTensors, WeightFile};

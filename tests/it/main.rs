//! x

mod hdf5;

//! All tests, in one binary.

mod docs;
mod hdf5;
mod integrator;
mod parity;
mod random;
mod session;
//! Every test of the project, in one binary.
mod vanilla;
mod tensor;

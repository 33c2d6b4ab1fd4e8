//! All tests, in one binary.

mod docs;
mod hdf5;
mod integrator;
mod optim;
mod parity;
mod random;
mod session;
mod tensor;
mod train;
mod vanilla;

//! All tests, in one binary.

mod cli;
mod docs;
mod hdf5;
mod integrator;
mod parity;
mod random;
mod repl;
mod session;
mod tensor;
mod vanilla;

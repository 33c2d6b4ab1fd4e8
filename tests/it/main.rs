//! All tests, in one binary.

mod docs;
mod hdf5;
mod integrator;
mod parity;
mod random;
mod session;
mod tensor;
mod simd;
mod vanilla;
mod tidy;

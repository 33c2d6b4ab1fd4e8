//! All tests, in one binary.

mod docs;
mod figure;
mod integrator;
mod parity;
mod random;
mod session;

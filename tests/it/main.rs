//! All tests, in one binary.

mod docs;
mod integrator;
mod optim;
mod parity;
mod random;
mod session;
mod train;
mod vanilla;

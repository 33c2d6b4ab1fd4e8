//! All tests, in one binary.

mod cli;
mod docs;
mod figure;
mod hdf5;
mod integrator;
mod network;
mod numbers;
mod optim;
mod parity;
mod places;
mod plot;
mod random;
mod repl;
mod session;
mod simd;
mod tensor;
mod ticks;
mod tidy;
mod train;
mod vanilla;
mod weights;

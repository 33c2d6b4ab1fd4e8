//! All tests, in one binary.

mod cli;
mod custom;
mod dataset;
mod decision;
mod disk;
mod docs;
mod figure;
mod hdf5;
mod integrator;
mod killed;
mod network;
mod numbers;
mod optim;
mod parity;
mod places;
mod plot;
mod random;
mod repl;
mod rnn;
mod session;
mod simd;
mod tensor;
mod ticks;
mod tidy;
mod train;
mod weights;

//! All tests, in one binary.

mod cli;
mod docs;
mod parity;
mod repl;
mod session;

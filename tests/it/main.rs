//! All tests, in one binary.

mod docs;
mod parity;
mod session;

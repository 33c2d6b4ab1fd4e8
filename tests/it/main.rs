//! Every test of the project, in one binary.

mod simd;
mod vanilla;

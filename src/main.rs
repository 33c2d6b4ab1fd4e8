//! The program `attractor`: arguments in, exit code out; everything else is in the library.

use std::alloc::System;
use std::process::ExitCode;

use cap::Cap;
use clap::Parser;

use attractor::app::{self, Arguments};

/// Counts the bytes that are in use, for `--max-memory`. It refuses none: a refusal would end the
/// process, where the meter of a run raises an error.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

fn allocated() -> u64 {
    (usize::MAX - MEMORY.remaining()) as u64
}

fn main() -> ExitCode {
    app::start(Arguments::parse(), allocated)
}

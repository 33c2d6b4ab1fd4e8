//! The program `attractor`: arguments in, exit code out; everything else is in the library.

use std::process::ExitCode;

use cap::Cap;
use clap::Parser;
use mimalloc::MiMalloc;

use attractor::app::{self, Arguments};

/// Counts the bytes that are in use, for `--max-memory`. It refuses none: a refusal would end the
/// process, where the meter of a run raises an error. The allocator below it keeps the memory of
/// large temporary tensors for the next ones, which that of the C library returns to the system.
#[global_allocator]
static MEMORY: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

fn allocated() -> u64 {
    (usize::MAX - MEMORY.remaining()) as u64
}

fn main() -> ExitCode {
    app::start(Arguments::parse(), allocated)
}

//! The program `attractor`: arguments in, exit code out; everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

use attractor::app::{self, Arguments};

fn main() -> ExitCode {
    app::start(Arguments::parse())
}

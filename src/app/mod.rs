//! The program: command line, one subcommand each, and the exit code.
//!
//! Scripts run on a separate thread (`script_thread`); the main thread waits, because windows must
//! be created there.

pub mod args;
mod ctrl_c;
mod doc;
mod error_output;
pub mod exit;
pub mod progress;
pub mod repl;
mod run;
pub mod script_file;
mod script_terminal;
mod script_thread;
pub mod terminal;
pub mod tutorials;
pub mod window;

use std::process::ExitCode;

use args::Command;
use exit::ExitStatus;

pub use args::Arguments;

/// Executes the command line. `allocated` returns the number of bytes that the process has
/// allocated.
pub fn start(mut arguments: Arguments, allocated: fn() -> u64) -> ExitCode {
    arguments.count_memory(allocated);
    let status = match arguments.command {
        None => repl::start(arguments.session),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Check(args)) => run::check(&args.file),
        Some(Command::Tutorial(args)) => run::tutorial(args),
        Some(Command::Doc(args)) => doc::doc(&args),
        Some(Command::View(args)) => run::view(args),
    };
    status.unwrap_or_else(ExitStatus::usage).into()
}

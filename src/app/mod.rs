//! The program: arguments, one command each, and the exit code.
//!
//! Scripts run on a thread of their own (`thread`); the first thread waits, since a window may
//! only live there.

pub mod args;
mod doc;
pub mod end;
pub mod progress;
pub mod read;
pub mod repl;
mod run;
pub mod screen;
mod stop;
mod thread;
pub mod tutorials;
pub mod window;

use std::process::ExitCode;

use args::Command;
use end::End;

pub use args::Arguments;

/// Does what the command line asks for. `allocated` tells how many bytes the process has in use.
pub fn start(mut arguments: Arguments, allocated: fn() -> u64) -> ExitCode {
    arguments.count_memory(allocated);
    let end = match arguments.command {
        None => repl::start(arguments.session),
        Some(Command::Run(run)) => run::run(run),
        Some(Command::Check(check)) => run::check(&check.file),
        Some(Command::Tutorial(tutorial)) => run::tutorial(tutorial),
        Some(Command::Doc(doc)) => doc::doc(&doc),
        Some(Command::View(view)) => run::view(view),
    };
    end.unwrap_or_else(End::usage).into()
}

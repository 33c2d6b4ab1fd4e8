//! Exit status of the program: exit codes, and the error report before exit.

use std::process::ExitCode;

use super::error_output::print_error;
use crate::api::context::Script;
use crate::api::diagnostic::{Cause, Diagnostic};

/// The exit codes, as shown by `--help`.
pub const CODES: &str = "Exit codes: 0 success; 1 the script (or one input of a piped \
session) failed; 2 wrong usage, such as an unknown option or a missing file; 129 ended by SIGHUP; \
130 Ctrl-C ended the script, or stopped a computation of a script that then ran to its end; 141 \
the output could not be written, for example because its reader closed; 143 ended by SIGTERM.";

/// Exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// The script or its data are invalid.
    Failure,
    /// The command line is invalid.
    Usage,
    /// Ended by Ctrl-C; the code is 128 plus the signal number, as in shells.
    Interrupted,
    /// Ended by this signal, SIGTERM or SIGHUP.
    Signal(u8),
    /// Standard output could not be written; the code is 128 plus the number of SIGPIPE.
    BrokenPipe,
}

impl ExitStatus {
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::Failure => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Interrupted => 130,
            ExitStatus::Signal(number) => 128 + number,
            ExitStatus::BrokenPipe => 141,
        }
    }

    /// Reports an error of the command line.
    pub fn usage(error: Diagnostic) -> ExitStatus {
        print_error(&error, &Script::default());
        ExitStatus::Usage
    }

    /// Reports an error of this script and returns the exit status.
    pub fn from_error(error: &Diagnostic, script: &Script) -> ExitStatus {
        print_error(error, script);
        match error.cause {
            Cause::Interrupt => ExitStatus::Interrupted,
            Cause::Script | Cause::Limit => ExitStatus::Failure,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.code())
    }
}

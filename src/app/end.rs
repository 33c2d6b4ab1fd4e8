//! How the program ends: the exit codes, and the fault that is shown on the way out.

use std::process::ExitCode;

use super::screen;
use crate::api::context::Script;
use crate::api::fault::{Cause, Fault};
use crate::host;

/// The exit codes as `--help` shows them.
pub const CODES: &str = "Exit codes: 0 all went well; 1 the script (or one input of a piped \
session) failed; 2 wrong usage, such as an unknown option or a missing file; 129 ended by SIGHUP; \
130 ended by Ctrl-C; 141 the output could not be written, as when its reader went away; 143 ended \
by SIGTERM.";

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Fine,
    /// Something in the script or its data is wrong.
    Failed,
    /// The command line asks for something that is not there.
    Usage,
    /// Ended by Ctrl-C; 128 and the number of the signal, as shells have it.
    Interrupted,
    /// Ended by the signal of this number, SIGTERM or SIGHUP.
    Signal(u8),
    /// The output could not be written; 128 and the number of SIGPIPE.
    Unread,
}

impl End {
    pub fn code(self) -> u8 {
        match self {
            End::Fine => 0,
            End::Failed => 1,
            End::Usage => 2,
            End::Interrupted => 130,
            End::Signal(number) => 128 + number,
            End::Unread => 141,
        }
    }

    /// Shows a fault of the command line itself.
    pub fn usage(fault: Fault) -> End {
        show(&fault, &Script::default());
        End::Usage
    }

    /// Shows a fault met while this script ran.
    pub fn fault(fault: &Fault, script: &Script) -> End {
        show(fault, script);
        match fault.cause {
            Cause::Interrupt => End::Interrupted,
            Cause::Script | Cause::Limit => End::Failed,
        }
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> ExitCode {
        ExitCode::from(end.code())
    }
}

/// Writes a fault to standard error, in colours if that is a terminal.
pub fn show(fault: &Fault, script: &Script) {
    screen::complain(&host::report(fault, script, screen::colours()));
}

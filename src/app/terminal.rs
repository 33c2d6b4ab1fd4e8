//! The terminal: script output goes to standard output, errors and progress to standard error.
//! Access is synchronized, so that neither interrupts the other.

use std::io::{ErrorKind, Write, stdout};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

use super::error_output::print_error_line;
use super::exit::ExitStatus;
use super::window::WindowQueue;

/// The active progress display.
#[derive(Default)]
pub enum ProgressDisplay {
    /// No computation is displayed.
    #[default]
    Idle,
    /// Periodic lines.
    Lines,
    Bar(ProgressBar),
}

/// State of the terminal and of the session, shared with the Ctrl-C thread.
#[derive(Default)]
pub struct TerminalState {
    /// The progress display of the current computation.
    display: Mutex<ProgressDisplay>,
    /// The reader of standard output has closed.
    pub output_closed: AtomicBool,
    /// A file is being written.
    pub writing_file: AtomicBool,
    /// A stop of the computation was requested.
    pub stop: Arc<AtomicBool>,
    /// Ctrl-C was pressed since the start of the script or of the session input.
    pub interrupted: AtomicBool,
    /// The signal that terminates the program, SIGTERM or SIGHUP; 0 if none has arrived.
    pub signal: AtomicU8,
    /// The time for saving has expired: the script ends at its next operation.
    pub terminating: AtomicBool,
    /// The session is evaluating an input, not waiting for one.
    pub busy: AtomicBool,
    /// Queue of window requests, served by the main thread.
    pub windows: WindowQueue,
}

impl TerminalState {
    /// Runs `work`, which writes to the terminal, with the progress bar hidden.
    pub fn suspend_bar<T>(&self, work: impl FnOnce() -> T) -> T {
        match &*self.display() {
            ProgressDisplay::Bar(bar) => bar.suspend(work),
            ProgressDisplay::Idle | ProgressDisplay::Lines => work(),
        }
    }

    /// Writes a line to standard error without blocking: the holder of the lock can be waiting for
    /// a reader of standard output, and Ctrl-C must respond nevertheless.
    pub fn print_now(&self, line: &str) {
        match self.display.try_lock().as_deref() {
            Ok(ProgressDisplay::Bar(bar)) => bar.suspend(|| print_error_line(line)),
            _ => print_error_line(line),
        }
    }

    /// Registers a progress display; returns false if one is already active, in which case this
    /// computation is nested in another.
    pub fn start_display(&self, display: ProgressDisplay) -> bool {
        let mut current = self.display();
        let free = matches!(*current, ProgressDisplay::Idle);
        if free {
            *current = display;
        }
        free
    }

    /// Unregisters the progress display.
    pub fn end_display(&self) {
        *self.display() = ProgressDisplay::Idle;
    }

    /// Whether a computation that handles Ctrl-C is active, or a file is being written.
    pub fn is_working(&self) -> bool {
        // The lock is held while a display is drawn or a line of the script is written.
        let active =
            |display: MutexGuard<ProgressDisplay>| !matches!(*display, ProgressDisplay::Idle);
        self.writing_file.load(Ordering::Relaxed) || self.display.try_lock().is_ok_and(active)
    }

    /// The exit status that a signal requests, if one has arrived.
    pub fn signal_status(&self) -> Option<ExitStatus> {
        let signal = self.signal.load(Ordering::SeqCst);
        (signal != 0).then_some(ExitStatus::Signal(signal))
    }

    fn display(&self) -> MutexGuard<'_, ProgressDisplay> {
        self.display.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes one line to standard output. A closed reader results in an exit status, not a panic.
pub fn print_line(line: &str) -> ExitStatus {
    let mut out = stdout().lock();
    let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) else {
        return ExitStatus::Success;
    };
    if error.kind() != ErrorKind::BrokenPipe {
        print_error_line(&format!(
            "error: standard output cannot be written: {error}"
        ));
    }
    ExitStatus::BrokenPipe
}

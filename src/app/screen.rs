//! The terminal: lines to standard output, faults and progress to standard error, and neither
//! tears the other.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

use super::end::End;
use super::progress;
use super::window::{Desk, Shot};
use crate::api::context::Terminal;
use crate::base::Progress;
use crate::figure::stage::Stage;
use crate::host::Colours;

/// What is seen of a long run.
#[derive(Default)]
pub enum Run {
    /// There is no run.
    #[default]
    Nothing,
    /// A line now and then.
    Lines,
    Bar(ProgressBar),
}

/// What a script's lines and progress go through; shared with the Ctrl-C thread.
#[derive(Default)]
pub struct Screen {
    /// What is seen of the run that goes on now.
    run: Mutex<Run>,
    /// Nobody reads standard output any more.
    pub unread: AtomicBool,
    /// A file is being written.
    pub writing: AtomicBool,
    /// The user wants the computation to end.
    pub stop: Arc<AtomicBool>,
    /// The signal that ends the program, SIGTERM or SIGHUP; 0 before it comes.
    pub signal: AtomicU8,
    /// The time for saving is over: the script ends wherever it is.
    pub ending: AtomicBool,
    /// A session computes, rather than waits for an input.
    pub busy: AtomicBool,
    /// Where figures are left for the first thread, which shows them.
    pub desk: Desk,
}

impl Screen {
    /// Runs `work`, which writes to the terminal, with the bar out of its way.
    pub fn beside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &*self.run() {
            Run::Bar(bar) => bar.suspend(work),
            Run::Nothing | Run::Lines => work(),
        }
    }

    /// Writes a line to standard error at once: whoever holds the screen may wait for a reader of
    /// standard output, and the user who presses Ctrl-C must not.
    pub fn interject(&self, line: &str) {
        match self.run.try_lock().as_deref() {
            Ok(Run::Bar(bar)) => bar.suspend(|| complain(line)),
            _ => complain(line),
        }
    }

    /// Takes the screen for a run; false if another one has it, inside of which this one is.
    pub fn take(&self, run: Run) -> bool {
        let mut place = self.run();
        let free = matches!(*place, Run::Nothing);
        if free {
            *place = run;
        }
        free
    }

    /// Gives the screen back after a run.
    pub fn leave(&self) {
        *self.run() = Run::Nothing;
    }

    /// Whether a run goes on that listens to Ctrl-C, or a file is being written.
    pub fn is_running(&self) -> bool {
        // Whoever holds the screen is drawing a run, or writes a line of the script.
        let runs = |run: MutexGuard<Run>| !matches!(*run, Run::Nothing);
        self.writing.load(Ordering::Relaxed) || self.run.try_lock().is_ok_and(runs)
    }

    /// The end that a signal asks for, if one came.
    pub fn terminated(&self) -> Option<End> {
        let signal = self.signal.load(Ordering::SeqCst);
        (signal != 0).then_some(End::Signal(signal))
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The screen as a script sees it.
pub struct Shared(pub Arc<Screen>);

impl Terminal for Shared {
    fn print(&self, line: &str) {
        let screen = &self.0;
        if screen.beside(|| say(line)) == End::Unread {
            // As with Ctrl-C: training ends cleanly, nothing goes on for nobody.
            screen.unread.store(true, Ordering::Relaxed);
            screen.stop.store(true, Ordering::Relaxed);
        }
    }

    fn progress(&self, label: &str) -> Box<dyn Progress> {
        Box::new(progress::Watch::new(label, self.0.clone()))
    }

    fn ending(&self) -> bool {
        self.0.ending.load(Ordering::Relaxed)
    }

    fn view(&self, panels: Vec<Stage>, pictures: PathBuf, wait: bool) -> Result<(), String> {
        self.0.desk.show(panels, pictures, wait, &self.0.stop)
    }

    fn writing(&self, goes_on: bool) {
        self.0.writing.store(goes_on, Ordering::Relaxed);
    }

    fn picture(&self, stage: Stage, size: [u32; 2]) -> Result<Vec<u8>, String> {
        self.0.desk.picture(Shot { stage, size })
    }
}

/// Writes one line to standard output; a reader that went away is an end, not a panic.
pub fn say(line: &str) -> End {
    let mut out = stdout().lock();
    let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) else {
        return End::Fine;
    };
    if error.kind() != ErrorKind::BrokenPipe {
        complain(&format!(
            "error: standard output cannot be written: {error}"
        ));
    }
    End::Unread
}

/// Writes one line to standard error.
pub fn complain(line: &str) {
    // Nobody is left to be told of a standard error that is closed.
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Whether faults are shown in colours.
pub fn colours() -> Colours {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stderr().is_terminal() {
        Colours::On
    } else {
        Colours::Off
    }
}

//! The terminal: lines to standard output, faults and progress to standard error, and neither
//! tears the other.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use super::end::End;
use super::progress;
use crate::api::context::Terminal;
use crate::base::Progress;
use crate::host::Colours;

/// What a script's lines and progress go through; shared with the Ctrl-C thread.
#[derive(Default)]
pub struct Screen {
    /// The bar that is drawn now.
    bar: Mutex<Option<ProgressBar>>,
    /// Nobody reads standard output any more.
    pub unread: AtomicBool,
    /// The user wants the computation to end.
    pub stop: Arc<AtomicBool>,
}

impl Screen {
    /// Runs `work`, which writes to the terminal, with the bar out of its way.
    pub fn beside<T>(&self, work: impl FnOnce() -> T) -> T {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match bar.as_ref() {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Makes `bar` the one that lines are kept apart from; false if another one is drawn.
    pub fn take(&self, bar: &ProgressBar) -> bool {
        let mut place = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let free = place.is_none();
        if free {
            *place = Some(bar.clone());
        }
        free
    }

    /// Forgets the bar, which is no longer drawn.
    pub fn leave(&self) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
}

/// Writes one line to standard output; a reader that went away is an end, not a panic.
pub fn say(line: &str) -> End {
    let mut out = stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => End::Fine,
        Err(_) => End::Unread,
    }
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

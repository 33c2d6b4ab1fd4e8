//! Limits a run to one thread while other programs use the cores.
//!
//! A thread that is denied a core delays all others by a time slice of the scheduler, which is as
//! long as a hundred time steps. Runs then continue with one thread and retry with all threads
//! later, at intervals that grow with each failure. Results do not depend on the number of threads.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// First pause after a thread was late. An attempt costs about a time slice, some milliseconds.
const FIRST: Duration = Duration::from_millis(10);
/// Longest pause.
const LONGEST: Duration = Duration::from_secs(2);

static LAST: Mutex<Option<Pause>> = Mutex::new(None);

/// A period during which runs use one thread.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    until: Instant,
    length: Duration,
}

impl Pause {
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// The current pause, if there is one.
pub fn pause() -> Option<Pause> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    last.filter(|pause| !pause.is_over())
}

/// Begins a pause after a thread was late.
pub fn begin_pause() {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let length = match *last {
        Some(last) if now < last.until + 4 * last.length => (2 * last.length).min(LONGEST),
        Some(last) => (last.length / 2).max(FIRST),
        None => FIRST,
    };
    let until = now + length;
    *last = Some(Pause { until, length });
}

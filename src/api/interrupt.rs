//! Interruption of operations that cannot poll for Ctrl-C, such as an eigendecomposition inside a
//! library. They run on a separate thread while the script thread waits for the result or for
//! Ctrl-C, whichever comes first.
//!
//! After Ctrl-C the operation is abandoned. This is safe because it owns its arguments (tensors
//! are immutable and reference-counted), writes to nothing else, and its result is dropped on its
//! own thread. It uses a core and memory until it finishes, at the latest when the program exits.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::context::Context;
use super::diagnostic::Diagnostic;

/// Stack size in bytes: that of the script thread, because the backward pass recurses equally
/// deeply over the autograd graph.
const STACK_SIZE: usize = 1 << 30;

/// Number of elements above which an operation runs on a separate thread: from there it may take
/// ten times as long as starting a thread. Below it, the slowest operations (decompositions of a
/// matrix with 512 rows) take less than a second.
pub const MIN_BACKGROUND_ELEMENTS: u128 = 1 << 18;

/// Interval between two checks for Ctrl-C. The result of the operation is received immediately.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

impl Context {
    /// The result of `work`, which runs on a separate thread.
    ///
    /// Errors: `interrupted` if the user presses Ctrl-C before `work` finishes
    pub fn run_interruptible<T, F>(&self, work: F) -> Result<T, Diagnostic>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(Some(work)));
        let take = |slot: &Mutex<Option<F>>| {
            let work = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            work.expect("either the thread or its caller takes the work, exactly once")
        };
        let (sender, receiver) = sync_channel(1);
        let job = slot.clone();
        let thread = Builder::new()
            .name("operation".into())
            .stack_size(STACK_SIZE);
        let started = thread.spawn(move || {
            let work = take(&job);
            let outcome = catch_unwind(AssertUnwindSafe(work));
            // An abandoned result has no receiver and is dropped here.
            let _ = sender.send(outcome);
        });
        if started.is_err() {
            // No memory for another stack: Ctrl-C has to wait until the operation finishes.
            return Ok(take(&slot)());
        }
        loop {
            match receiver.recv_timeout(CHECK_INTERVAL) {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(RecvTimeoutError::Timeout) if self.is_interrupted() => {
                    return Err(Diagnostic::interrupted());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("the thread sends an outcome before it exits, also after a panic")
                }
            }
        }
    }

    /// The result of `work`, which Ctrl-C can interrupt if it processes at least
    /// [`MIN_BACKGROUND_ELEMENTS`] elements.
    ///
    /// Errors: `interrupted` if the user presses Ctrl-C before `work` finishes
    pub fn compute<T, F>(&self, elements: usize, work: F) -> Result<T, Diagnostic>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match elements as u128 >= MIN_BACKGROUND_ELEMENTS {
            true => self.run_interruptible(work),
            false => Ok(work()),
        }
    }

    /// A check for the blocks of a file that is being written: ends the write if Ctrl-C was pressed
    /// and the write has not finished after a grace period, so that a short save is never lost.
    pub fn proceed_with_write(&self) -> impl Fn() -> ControlFlow<()> {
        /// Less than the time for saving after SIGTERM.
        const GRACE: Duration = Duration::from_secs(2);
        let requested = Cell::new(None::<Instant>);
        move || {
            if !self.is_interrupted() {
                return ControlFlow::Continue(());
            }
            let first = requested.get().unwrap_or_else(Instant::now);
            requested.set(Some(first));
            match first.elapsed() > GRACE {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }

    /// Sleeps for `time`.
    ///
    /// Errors: `interrupted` if the user presses Ctrl-C meanwhile
    pub fn sleep(&self, time: Duration) -> Result<(), Diagnostic> {
        let mut left = time;
        while !left.is_zero() {
            if self.is_interrupted() {
                return Err(Diagnostic::interrupted());
            }
            let interval = left.min(CHECK_INTERVAL);
            std::thread::sleep(interval);
            left -= interval;
        }
        Ok(())
    }
}

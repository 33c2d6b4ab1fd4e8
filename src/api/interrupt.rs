//! Operations that cannot be asked to stop, such as an eigendecomposition inside a library: they
//! run on a thread of their own while the script's thread waits for the result or for Ctrl-C,
//! whichever comes first.
//!
//! After Ctrl-C the operation is abandoned. This is safe because it owns its arguments (tensors
//! are immutable and reference-counted), writes to nothing else, and its result is dropped on its
//! own thread. It uses a core and its memory until it ends, at the latest with the program.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use super::context::Context;
use super::fault::Fault;

/// Bytes of address space for the stack: as much as scripts have, for the same deep recursion
/// over the graph of derivatives.
const STACK: usize = 1 << 30;

/// Elements from which an operation may take ten times as long as starting a thread; below, the
/// slowest ones (decompositions of a matrix of 512 rows) take less than a second.
pub const MANY: u128 = 1 << 18;

/// Time between two checks for Ctrl-C; the end of the operation is noticed at once.
const CHECK: Duration = Duration::from_millis(20);

impl Context {
    /// The result of `work`, which runs on a thread of its own.
    ///
    /// Errors: interrupted, if the user presses Ctrl-C before the end of `work`
    pub fn interruptible<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(Some(work)));
        let take = |slot: &Mutex<Option<F>>| {
            let work = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            work.expect("either the thread or its caller takes the work, once")
        };
        let (sender, receiver) = sync_channel(1);
        let job = slot.clone();
        let thread = Builder::new().name("operation".into()).stack_size(STACK);
        let started = thread.spawn(move || {
            let work = take(&job);
            let outcome = catch_unwind(AssertUnwindSafe(work));
            // Nobody receives what was abandoned: it is dropped here.
            let _ = sender.send(outcome);
        });
        if started.is_err() {
            // No room for another stack: Ctrl-C then has to wait for the end of the operation.
            return Ok(take(&slot)());
        }
        loop {
            match receiver.recv_timeout(CHECK) {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(RecvTimeoutError::Timeout) if self.stopped() => {
                    return Err(Fault::interrupted());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("the thread sends an outcome before it ends, also after a panic")
                }
            }
        }
    }

    /// The result of `work`, which Ctrl-C interrupts if it has to do with many elements.
    ///
    /// Errors: interrupted, if the user presses Ctrl-C before the end of `work`
    pub fn compute<T, F>(&self, elements: usize, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match elements as u128 >= MANY {
            true => self.interruptible(work),
            false => Ok(work()),
        }
    }

    /// Waits for `time`.
    ///
    /// Errors: interrupted, if the user presses Ctrl-C meanwhile
    pub fn sleep(&self, time: Duration) -> Result<(), Fault> {
        let mut left = time;
        while !left.is_zero() {
            if self.stopped() {
                return Err(Fault::interrupted());
            }
            let part = left.min(CHECK);
            std::thread::sleep(part);
            left -= part;
        }
        Ok(())
    }
}

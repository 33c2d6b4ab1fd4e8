//! The thread that scripts run on, and the handling of panics.
//!
//! Its stack is large: backpropagation in the array library recurses once per operation (about
//! 30,000 operations overflow 8 MiB and abort the process), and scripts can nest 256 calls. The
//! stack is address space, not memory: pages count only after the first access. The main thread
//! stays free, because windows must be created there.
//!
//! The thread is a member of the thread pool that executes native functions. A thread outside the
//! pool would hand over each parallel loop and sleep until its end; a search for fixed points runs
//! thousands of loops, and waking threads took a tenth of its time.

use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use super::window::WindowQueue;
use crate::api::diagnostic::Diagnostic;

/// Stack size in bytes of address space.
const STACK_BYTES: usize = 1 << 30;

/// Runs `job` on a thread with a large stack and waits for it; meanwhile the current (main) thread
/// serves window requests. Panics print nothing: the script hosts convert those of native functions
/// to errors, and any other panic is returned as an error.
///
/// Errors: a panic; the operating system cannot create the thread
pub fn run<T: Send + 'static>(
    windows: &WindowQueue,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Diagnostic> {
    let location = record_panic_location();
    let thread = Builder::new().name("script".into()).stack_size(STACK_BYTES);
    let guard = windows.done_guard();
    let job = move || {
        let _guard = guard;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .use_current_thread()
            .build();
        // If the pool cannot be created, parallel loops use the global pool.
        let result = job();
        drop(pool);
        result
    };
    let thread = thread.spawn(job).map_err(|error| {
        Diagnostic::new(format!(
            "a thread for the script cannot be started: {error}"
        ))
        .hint("scripts need 1 GiB of address space for their stack; see `ulimit -v`")
    })?;
    windows.serve();
    thread.join().map_err(|panic| {
        let location = location.lock().unwrap_or_else(PoisonError::into_inner);
        let error = Diagnostic::internal(None, panic.as_ref());
        Diagnostic {
            message: format!("{}{location}", error.message),
            ..error
        }
    })
}

/// Replaces the panic hook by one that prints nothing and stores the location of the last panic, as
/// text after a message.
fn record_panic_location() -> Arc<Mutex<String>> {
    let location = Arc::new(Mutex::new(String::new()));
    let recorded = location.clone();
    panic::set_hook(Box::new(move |info| {
        let mut location = recorded.lock().unwrap_or_else(PoisonError::into_inner);
        *location = info
            .location()
            .map_or(String::new(), |at| format!(" ({at})"));
    }));
    location
}

//! The thread that scripts run on, and what becomes of panics.
//!
//! Its stack is large: the array library's tape of derivatives calls itself once for each
//! operation (about 30,000 of them overflow 8 MiB and abort the process), and scripts may nest
//! 256 calls of their own. The stack is address space, not memory: pages count once touched. The
//! first thread stays free, since windows must live on it.
//!
//! The thread is itself one of those that share the work of a native function. A thread outside of
//! their pool would hand over each parallel loop and sleep until its end; a search for fixed points
//! makes thousands of loops, and waking threads took a tenth of its time.

use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use super::window::Desk;
use crate::api::fault::Fault;

/// Bytes of address space for the stack.
const STACK: usize = 1 << 30;

/// Runs `job` on a thread with a large stack and waits for it; meanwhile this one, the first, shows
/// the windows that it asks for. Panics are silent: the hosts turn
/// those of native functions into faults, and any other becomes the fault given back here.
///
/// Errors: a panic; a system that does not give the thread its stack.
pub fn run<T: Send + 'static>(
    desk: &Desk,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = place.clone();
    panic::set_hook(Box::new(move |info| {
        let mut place = seen.lock().unwrap_or_else(PoisonError::into_inner);
        *place = info
            .location()
            .map_or(String::new(), |at| format!(" ({at})"));
    }));
    let thread = Builder::new().name("script".into()).stack_size(STACK);
    let done = desk.done();
    let job = move || {
        let _done = done;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .use_current_thread()
            .build();
        // Without the pool, if the system starts no more threads, loops go to the global one.
        let result = job();
        drop(pool);
        result
    };
    let started = thread.spawn(job).map_err(|error| {
        Fault::new(format!(
            "a thread for the script cannot be started: {error}"
        ))
        .hint("scripts need 1 GiB of address space for their stack; see `ulimit -v`")
    })?;
    desk.serve();
    started.join().map_err(|panic| {
        let place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = Fault::broken(None, panic.as_ref());
        Fault {
            message: format!("{}{place}", fault.message),
            ..fault
        }
    })
}

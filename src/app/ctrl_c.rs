//! Signal handling. Ctrl-C: the first press requests a stop of the computation, a press soon
//! afterwards ends the program. SIGTERM and SIGHUP: the computation stops as for Ctrl-C, then the
//! program ends; a second signal ends it immediately.
//!
//! The first press also ends a script that does not respond, for example in the parser. Nothing is
//! lost, because such a script would end at its next operation. Training and searches, which have a
//! progress display, stop by themselves with intact results.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::exit::ExitStatus;
use super::terminal::TerminalState;
use crate::api::diagnostic::Diagnostic;

/// A press within this time after another counts as repeated; so does any press while the previous
/// one is unhandled.
const REPEAT_INTERVAL: Duration = Duration::from_secs(2);
/// Time that a script may use for saving after SIGTERM has stopped a computation.
#[cfg(unix)]
const SAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// A signal within this time after the first is a duplicate: `timeout` and terminals send it twice,
/// to the process and to its group.
#[cfg(unix)]
const DUPLICATE_INTERVAL: Duration = Duration::from_millis(200);
/// Interval at which the stop request is repeated once the program has to end.
#[cfg(unix)]
const RESEND_INTERVAL: Duration = Duration::from_millis(10);

/// A script without a response for this long is considered blocked.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(600);

/// Interval at which a response is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Number of presses that end the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitPolicy {
    /// The second press ends the program.
    Run,
    /// The third press ends the program: a session runs more than one computation.
    Session,
}

/// Counts the presses of Ctrl-C.
struct PressCounter {
    state: Arc<TerminalState>,
    policy: ExitPolicy,
    max_presses: usize,
    count: usize,
    last: Instant,
}

impl PressCounter {
    fn new(state: Arc<TerminalState>, policy: ExitPolicy) -> PressCounter {
        let max_presses = match policy {
            ExitPolicy::Run => 2,
            ExitPolicy::Session => 3,
        };
        let (count, last) = (0, Instant::now());
        PressCounter {
            state,
            policy,
            max_presses,
            count,
            last,
        }
    }

    fn press(&mut self) {
        self.state.interrupted.store(true, Ordering::SeqCst);
        let handled = !self.state.stop.swap(true, Ordering::Relaxed);
        if handled && self.last.elapsed() > REPEAT_INTERVAL {
            self.count = 0;
        }
        (self.count, self.last) = (self.count + 1, Instant::now());
        if self.count >= self.max_presses {
            exit(ExitStatus::Interrupted.code().into());
        }
        if self.policy == ExitPolicy::Run && self.count == 1 {
            let state = self.state.clone();
            thread::spawn(move || exit_unless_handled(&state, ExitStatus::Interrupted));
        }
        if self.count + 1 == self.max_presses {
            self.state
                .print_now("\nstopping; Ctrl-C again ends the program at once");
        }
    }
}

/// Starts the signal handler.
///
/// Errors: the operating system rejects the handler
#[cfg(unix)]
pub fn listen(state: Arc<TerminalState>, policy: ExitPolicy) -> Result<(), Diagnostic> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let hang_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    let signals = [SIGINT, SIGTERM].into_iter().chain(hang_up);
    let mut signals = Signals::new(signals).map_err(handler_error)?;
    let terminal = terminal_mode();
    let mut counter = PressCounter::new(state.clone(), policy);
    let handle = move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            let second = first.is_some();
            if first.is_some_and(|first| signal != SIGINT && first.elapsed() < DUPLICATE_INTERVAL) {
                continue;
            }
            let idle = policy == ExitPolicy::Session && !state.busy.load(Ordering::SeqCst);
            if second || (signal != SIGINT && idle) {
                exit_now(&terminal, ExitStatus::Signal(signal as u8));
            }
            match signal {
                SIGINT => counter.press(),
                _ => {
                    first = Some(Instant::now());
                    terminate(&state, signal as u8, policy);
                }
            }
        }
    };
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(handle).map(drop).map_err(handler_error)
}

/// Starts the signal handler.
///
/// Errors: the operating system rejects the handler
#[cfg(not(unix))]
pub fn listen(state: Arc<TerminalState>, policy: ExitPolicy) -> Result<(), Diagnostic> {
    let mut counter = PressCounter::new(state, policy);
    ctrlc::set_handler(move || counter.press()).map_err(handler_error)
}

fn handler_error(error: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(format!("the Ctrl-C handler cannot be installed: {error}"))
}

/// Requests a stop of the computation, as Ctrl-C does. The script may then save its results; after
/// a timeout it ends at its next operation.
#[cfg(unix)]
fn terminate(state: &Arc<TerminalState>, signal: u8, policy: ExitPolicy) {
    state.signal.store(signal, Ordering::SeqCst);
    state.stop.store(true, Ordering::Relaxed);
    state.print_now("\nstopping; a second signal ends the program at once");
    if policy == ExitPolicy::Run {
        let state = state.clone();
        thread::spawn(move || exit_unless_handled(&state, ExitStatus::Signal(signal)));
    }
    let state = state.clone();
    thread::spawn(move || {
        while state.stop.load(Ordering::Relaxed) {
            thread::sleep(RESEND_INTERVAL);
        }
        thread::sleep(SAVE_TIMEOUT);
        state.terminating.store(true, Ordering::Relaxed);
        loop {
            state.stop.store(true, Ordering::Relaxed);
            thread::sleep(RESEND_INTERVAL);
        }
    });
}

/// Whether this signal was ignored at program start, as `nohup` requests.
#[cfg(target_os = "linux")]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Whether this signal should be ignored: the operating system does not report this, but `nohup`
/// detaches standard error from the terminal.
#[cfg(all(unix, not(target_os = "linux")))]
fn is_ignored(_: i32) -> bool {
    use std::io::IsTerminal;
    !std::io::stderr().is_terminal()
}

/// The terminal mode before the line editor started.
#[cfg(unix)]
fn terminal_mode() -> Option<nix::sys::termios::Termios> {
    nix::sys::termios::tcgetattr(std::io::stdin()).ok()
}

/// Ends the program immediately and restores the terminal mode.
#[cfg(unix)]
fn exit_now(terminal: &Option<nix::sys::termios::Termios>, status: ExitStatus) -> ! {
    use nix::sys::termios::{SetArg, tcsetattr};
    if let Some(terminal) = terminal {
        // The terminal may no longer exist, which is the cause of SIGHUP.
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, terminal);
    }
    exit(status.code().into())
}

/// Ends the program unless the script responds to Ctrl-C, or a progress display shows that work
/// which handles the request is active.
fn exit_unless_handled(state: &TerminalState, status: ExitStatus) {
    let mut unhandled = Duration::ZERO;
    while unhandled < RESPONSE_TIMEOUT {
        thread::sleep(POLL_INTERVAL);
        if !state.stop.load(Ordering::Relaxed) {
            return;
        }
        unhandled = match state.is_working() {
            true => Duration::ZERO,
            false => unhandled + POLL_INTERVAL,
        };
    }
    state.print_now("\nerror: interrupted");
    exit(status.code().into());
}

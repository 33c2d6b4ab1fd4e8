//! Signals that end a computation. Ctrl-C: the first press asks the computation to end, a press
//! soon after ends the program. SIGTERM and SIGHUP: the computation ends as with Ctrl-C, then the
//! program does; a second one ends it at once.
//!
//! A script ends at the first press too where nothing looks at it, such as in the parser: nothing
//! is lost, since such a script would end at its next operation. Training and searches, which a
//! progress display accompanies, end by themselves with their results intact.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::end::End;
use super::screen::Screen;
use crate::api::fault::Fault;

/// A press this soon after another is a hurried one; so is any while the last is not yet heeded.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a script may go on after a training run has ended because of SIGTERM: time to save.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(3);
/// A signal this soon after the first one is the same one: `timeout` and terminals send it twice,
/// to the program and to its group.
#[cfg(unix)]
const ECHO: Duration = Duration::from_millis(200);
/// How often a computation is asked to end once the program has to.
#[cfg(unix)]
const INSISTENCE: Duration = Duration::from_millis(10);

/// A script that does nothing about Ctrl-C for this long will not soon.
const UNHEEDED: Duration = Duration::from_millis(600);

/// Time between two looks at whether it did.
const LOOK: Duration = Duration::from_millis(50);

/// What a hurried press costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurry {
    /// The second press ends the program.
    Run,
    /// The third press ends the program: a session holds more than one computation.
    Session,
}

/// Counts the presses of Ctrl-C.
struct Presses {
    screen: Arc<Screen>,
    hurry: Hurry,
    most: usize,
    count: usize,
    last: Instant,
}

impl Presses {
    fn new(screen: Arc<Screen>, hurry: Hurry) -> Presses {
        let most = match hurry {
            Hurry::Run => 2,
            Hurry::Session => 3,
        };
        let (count, last) = (0, Instant::now());
        Presses {
            screen,
            hurry,
            most,
            count,
            last,
        }
    }

    fn press(&mut self) {
        let heeded = !self.screen.stop.swap(true, Ordering::Relaxed);
        if heeded && self.last.elapsed() > PATIENCE {
            self.count = 0;
        }
        (self.count, self.last) = (self.count + 1, Instant::now());
        if self.count >= self.most {
            exit(End::Interrupted.code().into());
        }
        if self.hurry == Hurry::Run && self.count == 1 {
            let screen = self.screen.clone();
            thread::spawn(move || end_unless_heeded(&screen, End::Interrupted));
        }
        if self.count + 1 == self.most {
            self.screen
                .interject("\nstopping; Ctrl-C again ends the program at once");
        }
    }
}

/// Listens for signals from now on.
///
/// Errors: a system that does not let the program listen.
#[cfg(unix)]
pub fn listen(screen: Arc<Screen>, hurry: Hurry) -> Result<(), Fault> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let hang_up = (!ignores(SIGHUP)).then_some(SIGHUP);
    let signals = [SIGINT, SIGTERM].into_iter().chain(hang_up);
    let mut signals = Signals::new(signals).map_err(deaf)?;
    let terminal = terminal();
    let mut presses = Presses::new(screen.clone(), hurry);
    let heed = move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            let second = first.is_some();
            if first.is_some_and(|first| signal != SIGINT && first.elapsed() < ECHO) {
                continue;
            }
            let idle = hurry == Hurry::Session && !screen.busy.load(Ordering::SeqCst);
            if second || (signal != SIGINT && idle) {
                leave(&terminal, End::Signal(signal as u8));
            }
            match signal {
                SIGINT => presses.press(),
                _ => {
                    first = Some(Instant::now());
                    terminate(&screen, signal as u8, hurry);
                }
            }
        }
    };
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(heed).map(drop).map_err(deaf)
}

/// Listens for signals from now on.
///
/// Errors: a system that does not let the program listen.
#[cfg(not(unix))]
pub fn listen(screen: Arc<Screen>, hurry: Hurry) -> Result<(), Fault> {
    let mut presses = Presses::new(screen, hurry);
    ctrlc::set_handler(move || presses.press()).map_err(deaf)
}

fn deaf(error: impl std::fmt::Display) -> Fault {
    Fault::new(format!("Ctrl-C cannot be listened to: {error}"))
}

/// Asks the computation to end, as Ctrl-C does. The script may then save what it has; after a while
/// it ends wherever it is.
#[cfg(unix)]
fn terminate(screen: &Arc<Screen>, signal: u8, hurry: Hurry) {
    screen.signal.store(signal, Ordering::SeqCst);
    screen.stop.store(true, Ordering::Relaxed);
    screen.interject("\nstopping; a second signal ends the program at once");
    if hurry == Hurry::Run {
        let screen = screen.clone();
        thread::spawn(move || end_unless_heeded(&screen, End::Signal(signal)));
    }
    let screen = screen.clone();
    thread::spawn(move || {
        while screen.stop.load(Ordering::Relaxed) {
            thread::sleep(INSISTENCE);
        }
        thread::sleep(GRACE);
        screen.ending.store(true, Ordering::Relaxed);
        loop {
            screen.stop.store(true, Ordering::Relaxed);
            thread::sleep(INSISTENCE);
        }
    });
}

/// Whether this signal was ignored when the program started: `nohup` asks for it.
#[cfg(target_os = "linux")]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Whether this signal may be ignored: the system does not tell, but `nohup` takes the terminal
/// away from standard error.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignores(_: i32) -> bool {
    use std::io::IsTerminal;
    !std::io::stderr().is_terminal()
}

/// How the terminal was set before the line editor.
#[cfg(unix)]
fn terminal() -> Option<nix::sys::termios::Termios> {
    nix::sys::termios::tcgetattr(std::io::stdin()).ok()
}

/// Ends the program at once, with the terminal as it was.
#[cfg(unix)]
fn leave(terminal: &Option<nix::sys::termios::Termios>, end: End) -> ! {
    use nix::sys::termios::{SetArg, tcsetattr};
    if let Some(terminal) = terminal {
        // The terminal may be gone: that is what SIGHUP says.
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, terminal);
    }
    exit(end.code().into())
}

/// Ends the program unless the script notices Ctrl-C, or a display shows that work which listens
/// is going on.
fn end_unless_heeded(screen: &Screen, end: End) {
    let mut ignored = Duration::ZERO;
    while ignored < UNHEEDED {
        thread::sleep(LOOK);
        if !screen.stop.load(Ordering::Relaxed) {
            return;
        }
        ignored = match screen.is_running() {
            true => Duration::ZERO,
            false => ignored + LOOK,
        };
    }
    screen.interject("\nerror: interrupted");
    exit(end.code().into());
}

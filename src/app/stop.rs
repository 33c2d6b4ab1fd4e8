//! Ctrl-C: the first press asks the computation to end, a press soon after ends the program.
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

/// A script that does nothing about Ctrl-C for this long will not soon.
const GRACE: Duration = Duration::from_millis(600);

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

/// Listens for Ctrl-C from now on.
///
/// Errors: a system that does not let the program listen.
pub fn listen(screen: Arc<Screen>, hurry: Hurry) -> Result<(), Fault> {
    let most = match hurry {
        Hurry::Run => 2,
        Hurry::Session => 3,
    };
    let (mut presses, mut last) = (0, Instant::now());
    let pressed = move || {
        let heeded = !screen.stop.swap(true, Ordering::Relaxed);
        if heeded && last.elapsed() > PATIENCE {
            presses = 0;
        }
        (presses, last) = (presses + 1, Instant::now());
        if presses >= most {
            exit(End::Interrupted.code().into());
        }
        if hurry == Hurry::Run && presses == 1 {
            let screen = screen.clone();
            thread::spawn(move || end_unless_heeded(&screen));
        }
        if presses + 1 == most {
            screen.interject("\nstopping; Ctrl-C again ends the program at once");
        }
    };
    ctrlc::set_handler(pressed)
        .map_err(|error| Fault::new(format!("Ctrl-C cannot be listened to: {error}")))
}

/// Ends the program unless the script notices Ctrl-C, or a display shows that work which listens
/// is going on.
fn end_unless_heeded(screen: &Screen) {
    let mut ignored = Duration::ZERO;
    while ignored < GRACE {
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
    exit(End::Interrupted.code().into());
}

//! Ctrl-C: the first press asks the computation to end, a press soon after ends the program.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::end::End;
use super::screen::Screen;
use crate::api::fault::Fault;

/// A press this soon after another is a hurried one; so is any while the last is not yet heeded.
const PATIENCE: Duration = Duration::from_secs(2);

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
        if presses + 1 == most {
            screen.interject("\nstopping; Ctrl-C again ends the program at once");
        }
    };
    ctrlc::set_handler(pressed)
        .map_err(|error| Fault::new(format!("Ctrl-C cannot be listened to: {error}")))
}

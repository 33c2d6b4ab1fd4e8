//! Ctrl-C: the first press asks the computation to end, a press soon after ends the program.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::end::End;
use super::screen::{Screen, complain};
use crate::api::fault::Fault;

/// Presses closer together than this count as one wish.
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
    let mut presses: Vec<Instant> = Vec::new();
    let pressed = move || {
        presses.retain(|press| press.elapsed() < PATIENCE);
        presses.push(Instant::now());
        if presses.len() >= most {
            exit(End::Interrupted.code().into());
        }
        screen.stop.store(true, Ordering::Relaxed);
        if presses.len() + 1 == most {
            screen.beside(|| complain("\nstopping; Ctrl-C again ends the program at once"));
        }
    };
    ctrlc::set_handler(pressed)
        .map_err(|error| Fault::new(format!("Ctrl-C cannot be listened to: {error}")))
}

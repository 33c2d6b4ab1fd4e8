//! What the editor repaints. A key repaints the line only if a colour on the screen changes, and
//! not at all while keys arrive faster than anyone types: that is a paste which the terminal does
//! not mark as one.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// A line up to this length costs nothing to repaint.
const SHORT: usize = 200;

/// Nobody types two keys this close to each other.
const BURST: Duration = Duration::from_millis(5);

/// What is on the screen, and when the last key came.
#[derive(Default)]
pub struct Pace {
    /// The line with its colours; none after letters without colours.
    shown: RefCell<Option<String>>,
    /// When the editor was ready for the next key.
    ready: Cell<Option<Instant>>,
    burst: Cell<bool>,
}

impl Pace {
    /// Notes that a key came which made the line this long; true if it is part of a paste.
    pub fn key(&self, length: usize, now: Instant) -> bool {
        let soon = self
            .ready
            .get()
            .is_some_and(|ready| now.duration_since(ready) < BURST);
        self.burst.set(soon && length > SHORT);
        self.ready.set(Some(now));
        self.burst.get()
    }

    /// Whether `line` has to be repainted after the last key, which may have added a letter at
    /// its end; `coloured` gives its colours.
    pub fn changes(&self, line: &str, coloured: impl FnOnce(&str) -> String) -> bool {
        let mut shown = self.shown.borrow_mut();
        if self.burst.get() {
            *shown = None;
            return false;
        }
        let (Some(before), Some(letter)) = (&mut *shown, line.chars().next_back()) else {
            return true;
        };
        before.push(letter);
        *before != coloured(line)
    }

    /// Notes that the whole line was painted.
    pub fn painted(&self, coloured: &str) {
        *self.shown.borrow_mut() = Some(coloured.into());
    }

    /// Whether letters without their colours are on the screen.
    pub fn is_plain(&self) -> bool {
        self.shown.borrow().is_none()
    }

    /// Notes that the editor waits for the next key.
    pub fn rest(&self, now: Instant) {
        self.ready.set(Some(now));
    }
}

//! Decides when the editor repaints the line. A key causes a repaint only if a colour on the screen
//! changes, and not while keys arrive faster than typing: that indicates a paste which the terminal
//! does not mark as one.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// Repainting a line up to this length has a negligible cost.
const SHORT_LINE: usize = 200;

/// Keys that arrive at shorter intervals come from a paste.
const PASTE_INTERVAL: Duration = Duration::from_millis(5);

/// The line on the screen, and the time of the last key.
#[derive(Default)]
pub struct RepaintPolicy {
    /// The line with colour codes; `None` if characters without colours were printed.
    screen_line: RefCell<Option<String>>,
    /// The time at which the editor became ready for the next key.
    ready: Cell<Option<Instant>>,
    pasting: Cell<bool>,
}

impl RepaintPolicy {
    /// Records a key that resulted in a line of this length; returns whether it belongs to a paste.
    pub fn record_key(&self, length: usize, now: Instant) -> bool {
        let soon = self
            .ready
            .get()
            .is_some_and(|ready| now.duration_since(ready) < PASTE_INTERVAL);
        self.pasting.set(soon && length > SHORT_LINE);
        self.ready.set(Some(now));
        self.pasting.get()
    }

    /// Whether `line` must be repainted after the last key, which may have appended a character;
    /// `coloured` computes its colour codes.
    pub fn needs_repaint(&self, line: &str, coloured: impl FnOnce(&str) -> String) -> bool {
        let mut screen_line = self.screen_line.borrow_mut();
        if self.pasting.get() {
            *screen_line = None;
            return false;
        }
        let (Some(before), Some(letter)) = (&mut *screen_line, line.chars().next_back()) else {
            return true;
        };
        before.push(letter);
        *before != coloured(line)
    }

    /// Records that the full line was painted.
    pub fn record_line(&self, coloured: &str) {
        *self.screen_line.borrow_mut() = Some(coloured.into());
    }

    /// Whether characters without their colours are on the screen.
    pub fn lacks_colours(&self) -> bool {
        self.screen_line.borrow().is_none()
    }

    /// Records that the editor is ready for the next key.
    pub fn record_ready(&self, now: Instant) {
        self.ready.set(Some(now));
    }
}

//! What the user of a window has asked to see.

use std::collections::HashSet;

use super::pick::Pick;

/// Seconds that all steps take when they are played.
const PLAYED: f64 = 6.0;

/// The keys, as they are told.
pub const HELP: [&str; 9] = [
    "drag: turn    right button: move    wheel: zoom    R: back",
    "space: play or pause    left, right: one step    A: all steps",
    "T, shift T: one trial after another, then all",
    "1 to 9: show or hide a layer",
    "click: read a point    escape: forget it",
    "S: save a picture",
    "F: pictures in a second",
    "Tab: the next panel of a grid",
    "Q, escape: close the window    H: these lines",
];

/// What the user has asked to see.
pub struct Wanted {
    /// Layers that are not shown.
    pub hidden: HashSet<usize>,
    /// The trial that alone is shown.
    pub trial: Option<usize>,
    /// The step that is shown, while time is played or stepped through.
    pub now: Option<f64>,
    pub playing: bool,
    pub kept: Option<Pick>,
    /// Steps of a curve that are drawn as one line: 1 where nothing moves.
    pub stride: usize,
    pub help: bool,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            hidden: HashSet::new(),
            trial: None,
            now: None,
            playing: false,
            kept: None,
            stride: 1,
            help: false,
        }
    }
}

impl Wanted {
    /// Goes so many steps on, and stops there.
    pub fn step(&mut self, by: f64, steps: usize) {
        let last = steps.saturating_sub(1) as f64;
        let now = self.now.map_or(last, f64::floor);
        self.playing = false;
        self.now = Some((now + by).clamp(0.0, last));
    }

    /// Lets time go on where it is played.
    pub fn advance(&mut self, seconds: f64, steps: usize) {
        if let Some(now) = self.now.filter(|_| self.playing) {
            let all = steps.max(1) as f64;
            self.now = Some((now + seconds * all / PLAYED) % all);
        }
    }
}

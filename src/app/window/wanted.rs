//! What the user of a window has asked to see.

use std::collections::HashSet;

use super::pick::Pick;

/// Seconds that all steps take when they are played.
const PLAYED: f64 = 6.0;

/// The keys, as they are told.
pub const HELP: [&str; 10] = [
    "drag: turn    right button: move    wheel: zoom    R: back",
    "X, Y, Z: look along an axis",
    "space: play or pause    up, down: faster or slower",
    "left, right: one step    A: all steps",
    "T, shift T: one trial after another (first the clicked one), then all",
    "1 to 9: show or hide a layer",
    "click: read a point    escape: forget it",
    "S: save a picture    F: pictures in a second",
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
    /// How many times as fast as usual time goes on.
    pub speed: f64,
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
            speed: 1.0,
            kept: None,
            stride: 1,
            help: false,
        }
    }
}

impl Wanted {
    /// Plays time from where it is, or from its beginning; or pauses.
    pub fn play(&mut self, steps: usize) {
        self.playing = !self.playing;
        let end = self.now.is_none_or(|now| now >= steps as f64 - 1.0);
        if self.playing && end {
            self.now = Some(0.0);
        }
    }

    /// Chooses the next trial, or the one before; before the first and after the last come all.
    /// The first choice is the trial that was clicked at, if one was.
    pub fn turn_over(&mut self, back: bool, trials: usize) {
        let clicked = self.kept.as_ref().and_then(|pick| pick.trial);
        self.trial = match (self.trial, back) {
            (None, false) => clicked.or(Some(0)),
            (None, true) => clicked.or(trials.checked_sub(1)),
            (Some(k), false) => Some(k + 1).filter(|k| *k < trials),
            (Some(k), true) => k.checked_sub(1),
        };
    }

    /// Shows a layer, or hides it.
    pub fn switch(&mut self, layer: usize) {
        if !self.hidden.remove(&layer) {
            self.hidden.insert(layer);
        }
    }

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
            self.now = Some((now + seconds * self.speed * all / PLAYED) % all);
        }
    }
}

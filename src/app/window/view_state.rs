//! The view that the user of a window has selected.

use std::collections::HashSet;

use kiss3d::prelude::Vec3;

/// Duration of the playback of all time steps, in seconds.
const PLAYBACK_SECONDS: f64 = 6.0;

/// Help text for keys and mouse.
pub const HELP: [&str; 10] = [
    "drag: rotate    right button: pan    wheel: zoom    R: reset view",
    "X, Y, Z: look along an axis",
    "space: play or pause    up, down: faster or slower",
    "left, right: one step    A: all steps",
    "T, shift T: one trial after another (first the clicked one), then all",
    "1 to 9: show or hide a layer",
    "click: select a point    escape: clear the selection",
    "S: save an image    F: frames per second",
    "Tab: the next panel of a grid",
    "Q, escape: close the window    H: this help",
];

/// The view that the user has selected.
pub struct ViewState {
    /// Hidden layers.
    pub hidden: HashSet<usize>,
    /// The only visible trial; `None` for all.
    pub trial: Option<usize>,
    /// The current time step of playback or stepping; `None` for all.
    pub now: Option<f64>,
    pub playing: bool,
    /// Playback speed relative to the default.
    pub speed: f64,
    pub selected: Option<SelectedPoint>,
    /// Time steps per drawn segment: 1 without motion.
    pub stride: usize,
    pub help: bool,
}

/// A selected point.
#[derive(Debug, Clone)]
pub struct SelectedPoint {
    pub position: Vec3,
    /// The trial, for a point of a curve.
    pub trial: Option<usize>,
    /// The description, line by line.
    pub lines: Vec<String>,
}

impl Default for ViewState {
    fn default() -> ViewState {
        ViewState {
            hidden: HashSet::new(),
            trial: None,
            now: None,
            playing: false,
            speed: 1.0,
            selected: None,
            stride: 1,
            help: false,
        }
    }
}

impl ViewState {
    /// Starts playback at the current time step, or at the first if playback is at its end; or
    /// pauses.
    pub fn play(&mut self, steps: usize) {
        self.playing = !self.playing;
        let end = self.now.is_none_or(|now| now >= steps as f64 - 1.0);
        if self.playing && end {
            self.now = Some(0.0);
        }
    }

    /// Selects the next or the previous trial; all trials follow the last one and precede the
    /// first. The first selection is the trial of the selected point, if any.
    pub fn next_trial(&mut self, back: bool, trials: usize) {
        let clicked = self.selected.as_ref().and_then(|point| point.trial);
        self.trial = match (self.trial, back) {
            (None, false) => clicked.or(Some(0)),
            (None, true) => clicked.or(trials.checked_sub(1)),
            (Some(k), false) => Some(k + 1).filter(|k| *k < trials),
            (Some(k), true) => k.checked_sub(1),
        };
    }

    /// Toggles the visibility of a layer.
    pub fn toggle_layer(&mut self, layer: usize) {
        if !self.hidden.remove(&layer) {
            self.hidden.insert(layer);
        }
    }

    /// Advances by this number of time steps and stops playback.
    pub fn step(&mut self, by: f64, steps: usize) {
        let last = steps.saturating_sub(1) as f64;
        let now = self.now.map_or(last, f64::floor);
        self.playing = false;
        self.now = Some((now + by).clamp(0.0, last));
    }

    /// Advances the current time step during playback.
    pub fn advance(&mut self, seconds: f64, steps: usize) {
        if let Some(now) = self.now.filter(|_| self.playing) {
            let all = steps.max(1) as f64;
            self.now = Some((now + seconds * self.speed * all / PLAYBACK_SECONDS) % all);
        }
    }
}

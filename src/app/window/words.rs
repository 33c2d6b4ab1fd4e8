//! Words around a scene: title, legend, colour bar, what was picked, the state and the keys.

use kiss3d::prelude::{Color, Vec2};

use super::draw::Ready;
use super::frame::{Frame, INK, TEXT, colour};
use super::pick::Pick;
use super::wanted::{HELP, Wanted};

/// The height of a line in a list of keys or of numbers, and of the legend. Units: pixels.
const KEYS: f32 = 24.0;
const NUMBERS: f32 = 19.0;
const LEGEND: f32 = 22.0;
/// How far from the lower edge the words at the foot begin.
const FOOT: f32 = 26.0;
/// What is left free at the edges.
const EDGE: f32 = 6.0;

impl Ready {
    /// Title, legend, colour bar, and what is at the foot.
    pub fn words(&self, frame: &mut Frame, wanted: &Wanted, foot: Option<&str>) {
        let middle = Vec2::new(frame.size.x / 2.0, 16.0);
        frame.centred(&self.stage.title, middle, TEXT + 4.0, colour(INK, 1.0));
        self.legend(frame, wanted);
        self.colour_bar(frame);
        let mut state = Vec::new();
        if let Some(now) = wanted.now {
            state.push(format!("step {} of {}", now as usize, self.steps));
        }
        if let Some(trial) = wanted.trial {
            state.push(format!("trial {trial} of {}", self.trials));
        }
        state.extend(foot.map(String::from));
        let low = Vec2::new(14.0, frame.size.y - FOOT);
        frame.text(&state.join("   "), low, TEXT, colour(INK, 1.0));
    }

    /// Lists that lie over everything: the numbers of what was picked, and the keys.
    pub fn papers(&self, frame: &Frame, wanted: &Wanted, help: bool) -> Vec<Paper> {
        let pick = wanted.kept.as_ref().map(|pick| picked(frame, pick));
        let help = (help && wanted.help).then(|| {
            let lines = HELP.map(String::from).to_vec();
            let up = Vec2::new(EDGE, frame.size.y - FOOT - 12.0 - KEYS * HELP.len() as f32);
            Paper::new(frame, lines, KEYS, up)
        });
        pick.into_iter().chain(help).collect()
    }

    fn legend(&self, frame: &mut Frame, wanted: &Wanted) {
        let mut row = 34.0;
        for (k, act) in self.stage.acts.iter().enumerate() {
            let Some(label) = &act.label else { continue };
            let shown = !wanted.hidden.contains(&k);
            let opacity = if shown { 1.0 } else { 0.3 };
            let sign = colour(act.colours[0], opacity);
            match self.layers[k].marker {
                Some(shape) => frame.sign(shape, Vec2::new(23.0, row + 9.0), 11.0, sign),
                None => frame.bar(Vec2::new(14.0, row + 9.0), [18.0, 4.0], sign),
            }
            let text = format!("{label}  [{}]", k + 1);
            frame.text(&text, Vec2::new(40.0, row), TEXT, colour(INK, opacity));
            row += LEGEND;
        }
    }

    fn colour_bar(&self, frame: &mut Frame) {
        let Some(bar) = &self.stage.bar else { return };
        let ink = colour(INK, 1.0);
        let tall = (frame.size.y - 200.0).clamp(60.0, 280.0);
        let (left, low) = (frame.size.x - 84.0, (frame.size.y + tall) / 2.0);
        let each = tall / bar.shades.len() as f32;
        for (k, shade) in bar.shades.iter().enumerate() {
            let place = Vec2::new(left, low - (k as f32 + 0.5) * each);
            frame.bar(place, [12.0, each + 1.0], colour(*shade, 1.0));
        }
        for (part, text) in &bar.ticks {
            let place = Vec2::new(left + 20.0, low - tall * *part as f32 - TEXT / 2.0);
            frame.text(text, place, TEXT, ink);
        }
        // Over the bar, or as far to the left as it must be to be seen whole.
        let half = frame.wide(&bar.label, TEXT) / 2.0;
        let across = (left + 6.0).min(frame.size.x - EDGE - half);
        frame.centred(&bar.label, Vec2::new(across, low - tall - 18.0), TEXT, ink);
    }
}

/// Lines of text on paper.
pub struct Paper {
    lines: Vec<String>,
    /// The height of a line.
    each: f32,
    corner: Vec2,
    size: Vec2,
    /// What it is about.
    ring: Option<Vec2>,
}

impl Paper {
    fn new(frame: &Frame, lines: Vec<String>, each: f32, corner: Vec2) -> Paper {
        let widths = lines.iter().map(|line| frame.wide(line, TEXT));
        let wide = widths.fold(0.0, f32::max) + 12.0;
        let size = Vec2::new(wide, each * lines.len() as f32 + 4.0);
        Paper {
            lines,
            each,
            corner,
            size,
            ring: None,
        }
    }

    /// The upper left and the lower right corner.
    pub fn corners(&self) -> [Vec2; 2] {
        [self.corner, self.corner + self.size]
    }

    pub fn draw(&self, frame: &mut Frame) {
        self.ring.iter().for_each(|at| frame.ring(*at));
        let left = self.corner + Vec2::new(0.0, self.size.y / 2.0);
        frame.bar(left, self.size.into(), Color::new(1.0, 1.0, 1.0, 0.85));
        for (row, line) in self.lines.iter().enumerate() {
            let at = self.corner + Vec2::new(6.0, 2.0 + self.each * row as f32);
            frame.text(line, at, TEXT, colour(INK, 1.0));
        }
    }
}

/// The numbers of what was picked, beside it where there is room.
fn picked(frame: &Frame, pick: &Pick) -> Paper {
    const AWAY: f32 = 8.0;
    let at = frame.seen(pick.place);
    let mut paper = Paper::new(frame, pick.lines.clone(), NUMBERS, at + AWAY);
    let end = frame.size - EDGE - paper.corner - paper.size;
    if end.x < 0.0 {
        paper.corner.x = at.x - AWAY - paper.size.x;
    }
    if end.y < 0.0 {
        paper.corner.y = at.y - AWAY - paper.size.y;
    }
    paper.ring = Some(at);
    paper
}

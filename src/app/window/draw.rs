//! What a frame shows: the box, the layers as far as time has come, and words at places.

use kiss3d::prelude::{Camera3d, Color, Vec2, Vec3, Window};

use super::frame::{Frame, INK, Sight, TEXT, colour};
use super::marks::inked;
use super::wanted::Wanted;
use super::words::Paper;
use crate::figure::stage::{Act, Kind, Stage};
use crate::figure::{Font as Widths, Marker, Rgb};

const GRID: Rgb = Rgb(0xdc, 0xdc, 0xe2);
/// How much paler a plain curve is at the far end.
const FADE: f32 = 0.25;
/// What is left of a curve's colour behind its trail.
const BEHIND: f32 = 0.15;
/// Points beyond this many are drawn as squares: other markers would be slow.
const SHAPES: usize = 5000;
/// Pixels of a side of the box that is too short for numbers.
const SHORT: f32 = 40.0;
/// The cosine of the angle under which a side is seen nearly from its end.
const ALONG: f32 = 0.97;
/// The size of what shows where a trial is, in pixels.
const FRONT: f32 = 8.0;

/// A figure with everything laid out for the frames to come.
pub struct Ready {
    pub stage: Stage,
    /// Steps of the longest curve, and curves of the layer that has most.
    pub steps: usize,
    pub trials: usize,
    pub layers: Vec<Layer>,
    widths: Widths,
}

/// What is drawn of one layer of the figure.
#[derive(Default)]
pub struct Layer {
    lines: Vec<Piece>,
    width: f32,
    /// Pixels of ink and of what is left out, of a line that is broken up.
    dash: Option<[f32; 2]>,
    /// Plain lines grow paler with distance.
    plain: bool,
    points: Vec<(Vec3, Color, f32)>,
    pub marker: Option<Marker>,
}

struct Piece {
    ends: [Vec3; 2],
    colour: Color,
    /// Trial and step, of a curve.
    course: Option<[usize; 2]>,
    /// How far along its curve it begins.
    start: f32,
}

impl Ready {
    pub fn new(stage: Stage) -> Ready {
        let mut ready = Ready {
            steps: 0,
            trials: 0,
            layers: Vec::new(),
            widths: Widths::embedded(),
            stage,
        };
        for k in 0..ready.stage.acts.len() {
            let layer = ready.layer(&ready.stage.acts[k]);
            ready.layers.push(layer);
            let curves = || ready.stage.acts[k].curves();
            let longest = curves().map(|curve| curve.len()).max().unwrap_or(0);
            let trials = curves().count();
            (ready.steps, ready.trials) = (ready.steps.max(longest), ready.trials.max(trials));
        }
        ready
    }

    /// Where parts of the sides of the box are.
    pub fn place(&self, parts: [f32; 3]) -> Vec3 {
        let side = |k: usize| (parts[k] - 0.5) * self.stage.sides[k] as f32;
        Vec3::new(side(0), side(1), side(2))
    }

    fn layer(&self, act: &Act) -> Layer {
        let mut layer = Layer {
            plain: act.values.is_empty(),
            ..Layer::default()
        };
        let shade = |i: usize| colour(act.colour(i), act.opacity);
        let mut piece = |i: usize, j: usize, course, start: &mut f32| {
            let ends = [act.at[i], act.at[j]];
            if ends.iter().flatten().all(|x| x.is_finite()) {
                let ends = ends.map(|at| self.place(at));
                layer.lines.push(Piece {
                    ends,
                    colour: shade(i),
                    course,
                    start: *start,
                });
                *start += (ends[1] - ends[0]).length();
            }
        };
        match &act.kind {
            Kind::Paths { width, .. } => {
                for (trial, curve) in act.curves().enumerate() {
                    let mut start = 0.0;
                    for i in curve.clone().skip(1) {
                        piece(i - 1, i, Some([trial, i - 1 - curve.start]), &mut start);
                    }
                }
                layer.width = *width as f32 * 1.3;
            }
            Kind::Arrows { width, .. } => {
                (0..act.at.len() / 2).for_each(|k| piece(2 * k, 2 * k + 1, None, &mut 0.0));
                layer.width = *width as f32 * 1.3;
            }
            Kind::Points { sizes, marker } => {
                layer.marker = Some(*marker);
                for (i, at) in act.at.iter().enumerate() {
                    if at.iter().all(|x| x.is_finite()) {
                        let size = sizes[i.min(sizes.len() - 1)];
                        layer.points.push((self.place(*at), shade(i), size));
                    }
                }
            }
            Kind::Labels(_) => {}
        }
        let dash = act.kind.dash().pattern(f64::from(layer.width), false);
        layer.dash = dash.map(|lengths| lengths.map(|length| length as f32));
        layer
    }

    /// Hands one frame to the window. A picture has no words at its foot, and no help.
    pub fn draw(&self, window: &mut Window, sight: Sight<'_>, wanted: &Wanted, foot: Option<&str>) {
        let mut frame = Frame::new(window, sight, &self.widths);
        let papers = self.papers(&frame, wanted, foot.is_some());
        frame.covered = papers.iter().map(Paper::corners).collect();
        self.walls(&mut frame);
        let eye = sight.camera.eye();
        // What one can see through comes last: it hides what is drawn after it and lies behind it.
        let clear = |k: &usize| {
            let act = &self.stage.acts[*k];
            act.opacity < 1.0 || (wanted.now.is_some() && act.curves().next().is_some())
        };
        let shown = (0..self.layers.len()).filter(|k| !wanted.hidden.contains(k));
        let (last, first): (Vec<usize>, Vec<usize>) = shown.partition(clear);
        for k in first.into_iter().chain(last) {
            self.layers[k].lines(&mut frame, eye, wanted, self.steps);
            self.layers[k].points(&mut frame);
            self.heads(&mut frame, k);
        }
        if let Some(now) = wanted.now {
            self.fronts(&mut frame, now, wanted);
        }
        self.labels(&mut frame, wanted);
        self.words(&mut frame, wanted, foot);
        frame.covered.clear();
        papers.iter().for_each(|paper| paper.draw(&mut frame));
    }

    /// Grid and edges of the far sides of the box, and what stands beside them.
    fn walls(&self, frame: &mut Frame) {
        let towards: [f32; 3] = frame.towards.into();
        let far = towards.map(|part| if part >= -1e-6 { 0.0 } else { 1.0 });
        let near = far.map(|x| 1.0 - x);
        let (ink, grid) = (colour(INK, 1.0), colour(GRID, 1.0));
        let spot = |pairs: [(usize, f32); 3]| {
            let mut parts = [0.0; 3];
            pairs.iter().for_each(|(k, x)| parts[*k] = *x);
            self.place(parts)
        };
        // The upright axis stands at the left.
        let upright = [[(0, near[0]), (1, far[1])], [(0, far[0]), (1, near[1])]];
        let [one, other] = upright.map(|[a, b]| frame.seen(spot([(2, 0.5), a, b])).x);
        let edges = [
            [(1, near[1]), (2, far[2])],
            [(0, near[0]), (2, far[2])],
            upright[usize::from(other < one)],
        ];
        for k in 0..3 {
            let others = [(k + 1) % 3, (k + 2) % 3];
            let ticks = self.stage.scales[k].ticks.iter().map(|(at, _)| *at as f32);
            for at in ticks.chain([0.0, 1.0]) {
                for [fixed, free] in [others, [others[1], others[0]]] {
                    let places = [(k, at), (fixed, far[fixed])];
                    if places.iter().all(|place| edges[free].contains(place)) {
                        continue;
                    }
                    let end = |x| spot([places[0], places[1], (free, x)]);
                    frame.line([end(0.0), end(1.0)], 1.0, grid);
                }
            }
        }
        let middle = frame.seen(Vec3::ZERO);
        for (k, [a, b]) in edges.into_iter().enumerate() {
            let at = |x| spot([(k, x), a, b]);
            frame.line([at(0.0), at(1.0)], 1.3, ink);
            let half = frame.seen(at(0.5));
            let (from, to) = (frame.seen(at(0.0)), frame.seen(at(1.0)));
            // What is seen nearly from its end has no room for numbers.
            if (to - from).length() < SHORT || towards[k].abs() > ALONG {
                continue;
            }
            let along = (to - from).normalize();
            let mut out = Vec2::new(-along.y, along.x);
            if out.dot(half - middle) < 0.0 {
                out = -out;
            }
            let scale = &self.stage.scales[k];
            let mut widest = 0.0f32;
            for (part, text) in &scale.ticks {
                let foot = frame.seen(at(*part as f32));
                let reach = frame.reach(text, out);
                widest = widest.max(2.0 * reach);
                frame.centred(text, foot + out * (8.0 + reach), TEXT, ink);
            }
            let away = 16.0 + widest + frame.reach(&scale.label, out);
            frame.centred(&scale.label, half + out * away, TEXT + 2.0, ink);
        }
    }

    /// Where each trial is now.
    fn fronts(&self, frame: &mut Frame, now: f64, wanted: &Wanted) {
        let dot = frame.shape(Marker::Dot, FRONT);
        for (k, act) in self.stage.acts.iter().enumerate() {
            if wanted.hidden.contains(&k) {
                continue;
            }
            for (trial, curve) in act.curves().enumerate() {
                let Some(last) = curve.clone().last() else {
                    continue;
                };
                let at = last.min(curve.start + now as usize);
                let shown = wanted.trial.is_none_or(|one| one == trial);
                if shown && act.at[at].iter().all(|x| x.is_finite()) {
                    let shade = colour(act.colour(at), 1.0);
                    frame.dot(&dot, self.place(act.at[at]), FRONT, shade);
                }
            }
        }
    }

    /// Words at places.
    fn labels(&self, frame: &mut Frame, wanted: &Wanted) {
        for (k, act) in self.stage.acts.iter().enumerate() {
            let Kind::Labels(texts) = &act.kind else {
                continue;
            };
            if wanted.hidden.contains(&k) {
                continue;
            }
            for (text, at) in texts.iter().zip(&act.at) {
                let place = frame.seen(self.place(*at)) + Vec2::new(6.0, -22.0);
                frame.text(text, place, TEXT, colour(act.colours[0], 1.0));
            }
        }
    }

    /// The heads of the arrows of a layer.
    fn heads(&self, frame: &mut Frame, k: usize) {
        let act = &self.stage.acts[k];
        if let Kind::Arrows {
            head: true, width, ..
        } = &act.kind
        {
            frame.heads(self, act, *width as f32);
        }
    }
}

impl Layer {
    fn lines(&self, frame: &mut Frame, eye: Vec3, wanted: &Wanted, steps: usize) {
        let trail = (steps as f64 / 8.0).max(2.0);
        let [near, far] = [eye.length() - 0.8, eye.length() + 0.8];
        let pixels = frame.pixel(eye.length()).recip();
        let mut at = 0;
        while let Some(piece) = self.lines.get(at) {
            // The piece of the same curve that is `stride` further ends what is drawn at once.
            let follows = |other: &&Piece| match (piece.course, other.course) {
                (Some([trial, step]), Some([same, next])) => {
                    trial == same && next.wrapping_sub(step) < wanted.stride
                }
                _ => false,
            };
            let rest = &self.lines[at + 1..];
            let more = rest.iter().take(wanted.stride - 1);
            let more = more.take_while(follows).count();
            let last = &self.lines[at + more];
            at += 1 + more;
            let mut colour = piece.colour;
            let [trial, step] = piece.course.map_or([None; 2], |course| course.map(Some));
            if wanted.trial.is_some() && trial.is_some() && wanted.trial != trial {
                continue;
            }
            if let (Some(now), Some(step)) = (wanted.now, step) {
                match now - step as f64 {
                    behind if behind < 0.0 => continue,
                    behind if behind > trail => colour.a *= BEHIND,
                    _ => {}
                }
            }
            let (a, b) = (piece.ends[0], last.ends[1]);
            if self.plain {
                let part = ((a - eye).length() - near) / (far - near);
                let paler = FADE * part.clamp(0.0, 1.0);
                let mix = |c: f32| c + (1.0 - c) * paler;
                (colour.r, colour.g, colour.b) = (mix(colour.r), mix(colour.g), mix(colour.b));
            }
            match self.dash {
                None => frame.line([a, b], self.width, colour),
                Some(dash) => {
                    for ends in inked([a, b], piece.start, dash, pixels) {
                        frame.line(ends, self.width, colour);
                    }
                }
            }
        }
    }

    fn points(&self, frame: &mut Frame) {
        let Some(marker) = self.marker else { return };
        let sizes = self.points.iter().map(|(_, _, size)| *size);
        let shape = frame.shape(marker, sizes.fold(0.0, f32::max));
        for (place, colour, size) in &self.points {
            if self.points.len() > SHAPES {
                frame.square(*place, *size, *colour);
            } else {
                frame.dot(&shape, *place, *size, *colour);
            }
        }
    }
}

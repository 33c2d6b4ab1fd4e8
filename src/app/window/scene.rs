//! Drawing of a scene: the layers up to the current time step, and labels.

use kiss3d::prelude::{Camera3d, Color, Vec2, Vec3, Window};

use super::canvas::{Canvas, TEXT, Viewpoint, colour};
use super::markers::dashes;
use super::overlay::TextBox;
use super::view_state::ViewState;
use crate::figure::scene::{Geometry, Scene, SceneLayer};
use crate::figure::{Font as Widths, Marker};

/// Fraction of its colour that a curve of a single colour loses at the far end.
const FADE: f32 = 0.25;
/// Opacity of a curve behind its trail.
const TRAIL_OPACITY: f32 = 0.15;
/// Above this number, points are drawn as squares, because other markers would be slow.
const MAX_SHAPED_POINTS: usize = 5000;
/// Diameter of the marker at the current position of a trial, in pixels.
const HEAD_SIZE: f32 = 8.0;

/// A scene with all geometry prepared for drawing.
pub struct PreparedScene {
    pub scene: Scene,
    /// Time steps of the longest curve, and the largest number of curves in a layer.
    pub steps: usize,
    pub trials: usize,
    pub layers: Vec<PreparedLayer>,
    widths: Widths,
}

/// The prepared geometry of one layer.
#[derive(Default)]
pub struct PreparedLayer {
    lines: Vec<Segment>,
    width: f32,
    /// Dash and gap length in pixels; `None` for a solid line.
    dash: Option<[f32; 2]>,
    /// Whether lines fade with distance; false for lines coloured by values.
    fades: bool,
    points: Vec<(Vec3, Color, f32)>,
    pub marker: Option<Marker>,
}

struct Segment {
    ends: [Vec3; 2],
    colour: Color,
    /// Trial and time step; `None` outside curves.
    trial_step: Option<[usize; 2]>,
    /// Arc length along the curve at its start.
    start: f32,
}

impl PreparedScene {
    pub fn new(scene: Scene) -> PreparedScene {
        let mut prepared = PreparedScene {
            steps: 0,
            trials: 0,
            layers: Vec::new(),
            widths: Widths::embedded(),
            scene,
        };
        for k in 0..prepared.scene.layers.len() {
            let layer = prepared.layer(&prepared.scene.layers[k]);
            prepared.layers.push(layer);
            let curves = || prepared.scene.layers[k].curves();
            let longest = curves().map(|curve| curve.len()).max().unwrap_or(0);
            let trials = curves().count();
            (prepared.steps, prepared.trials) =
                (prepared.steps.max(longest), prepared.trials.max(trials));
        }
        prepared
    }

    /// The position in space of box coordinates.
    pub fn position(&self, parts: [f32; 3]) -> Vec3 {
        let side = |k: usize| (parts[k] - 0.5) * self.scene.side_lengths[k] as f32;
        Vec3::new(side(0), side(1), side(2))
    }

    fn layer(&self, layer: &SceneLayer) -> PreparedLayer {
        let mut prepared = PreparedLayer {
            fades: layer.values.is_empty(),
            ..PreparedLayer::default()
        };
        let shade = |i: usize| colour(layer.colour(i), layer.opacity);
        let mut segment = |i: usize, j: usize, trial_step, start: &mut f32| {
            let ends = [layer.positions[i], layer.positions[j]];
            if ends.iter().flatten().all(|x| x.is_finite()) {
                let ends = ends.map(|at| self.position(at));
                prepared.lines.push(Segment {
                    ends,
                    colour: shade(i),
                    trial_step,
                    start: *start,
                });
                *start += (ends[1] - ends[0]).length();
            }
        };
        match &layer.geometry {
            Geometry::Paths { width, .. } => {
                for (trial, curve) in layer.curves().enumerate() {
                    let mut start = 0.0;
                    for i in curve.clone().skip(1) {
                        segment(i - 1, i, Some([trial, i - 1 - curve.start]), &mut start);
                    }
                }
                prepared.width = *width as f32 * 1.3;
            }
            Geometry::Arrows { width, .. } => {
                (0..layer.positions.len() / 2)
                    .for_each(|k| segment(2 * k, 2 * k + 1, None, &mut 0.0));
                prepared.width = *width as f32 * 1.3;
            }
            Geometry::Points { sizes, marker } => {
                prepared.marker = Some(*marker);
                for (i, at) in layer.positions.iter().enumerate() {
                    if at.iter().all(|x| x.is_finite()) {
                        let size = sizes[i.min(sizes.len() - 1)];
                        prepared.points.push((self.position(*at), shade(i), size));
                    }
                }
            }
            Geometry::Labels(_) => {}
        }
        let dash = layer
            .geometry
            .dash()
            .pattern(f64::from(prepared.width), false);
        prepared.dash = dash.map(|lengths| lengths.map(|length| length as f32));
        prepared
    }

    /// Draws one frame. An image (`foot` is `None`) has neither status text nor help.
    pub fn draw(
        &self,
        window: &mut Window,
        viewpoint: Viewpoint<'_>,
        view: &ViewState,
        foot: Option<&str>,
    ) {
        let mut canvas = Canvas::new(window, viewpoint, &self.widths);
        let text_boxes = self.text_boxes(&canvas, view, foot.is_some());
        canvas.covered = text_boxes.iter().map(TextBox::corners).collect();
        self.axes_box(&mut canvas);
        let eye = viewpoint.camera.eye();
        // Translucent layers are drawn last, because they hide farther elements that are drawn
        // after them.
        let is_translucent = |k: &usize| {
            let layer = &self.scene.layers[*k];
            layer.opacity < 1.0 || (view.now.is_some() && layer.curves().next().is_some())
        };
        let visible = (0..self.layers.len()).filter(|k| !view.hidden.contains(k));
        let (last, first): (Vec<usize>, Vec<usize>) = visible.partition(is_translucent);
        for k in first.into_iter().chain(last) {
            self.layers[k].lines(&mut canvas, eye, view, self.steps);
            self.layers[k].points(&mut canvas);
            self.heads(&mut canvas, k);
        }
        if let Some(now) = view.now {
            self.trial_heads(&mut canvas, now, view);
        }
        self.labels(&mut canvas, view);
        self.overlay(&mut canvas, view, foot);
        canvas.covered.clear();
        text_boxes
            .iter()
            .for_each(|text_box| text_box.draw(&mut canvas));
    }

    /// Draws a marker at the current position of each trial.
    fn trial_heads(&self, canvas: &mut Canvas, now: f64, view: &ViewState) {
        let dot = canvas.shape(Marker::Dot, HEAD_SIZE);
        for (k, layer) in self.scene.layers.iter().enumerate() {
            if view.hidden.contains(&k) {
                continue;
            }
            for (trial, curve) in layer.curves().enumerate() {
                let Some(last) = curve.clone().last() else {
                    continue;
                };
                let at = last.min(curve.start + now as usize);
                let shown = view.trial.is_none_or(|one| one == trial);
                if shown && layer.positions[at].iter().all(|x| x.is_finite()) {
                    let shade = colour(layer.colour(at), 1.0);
                    canvas.marker(&dot, self.position(layer.positions[at]), HEAD_SIZE, shade);
                }
            }
        }
    }

    /// Draws the text labels.
    fn labels(&self, canvas: &mut Canvas, view: &ViewState) {
        for (k, layer) in self.scene.layers.iter().enumerate() {
            let Geometry::Labels(texts) = &layer.geometry else {
                continue;
            };
            if view.hidden.contains(&k) {
                continue;
            }
            for (text, at) in texts.iter().zip(&layer.positions) {
                let place = canvas.project(self.position(*at)) + Vec2::new(6.0, -22.0);
                canvas.text(text, place, TEXT, colour(layer.colours[0], 1.0));
            }
        }
    }

    /// Draws the arrowheads of a layer.
    fn heads(&self, canvas: &mut Canvas, k: usize) {
        let layer = &self.scene.layers[k];
        if let Geometry::Arrows {
            head: true, width, ..
        } = &layer.geometry
        {
            canvas.heads(self, layer, *width as f32);
        }
    }
}

impl PreparedLayer {
    fn lines(&self, canvas: &mut Canvas, eye: Vec3, view: &ViewState, steps: usize) {
        let trail = (steps as f64 / 8.0).max(2.0);
        let [near, far] = [eye.length() - 0.8, eye.length() + 0.8];
        let pixels = canvas.pixel_size(eye.length()).recip();
        let mut at = 0;
        while let Some(segment) = self.lines.get(at) {
            // Merge up to `stride` consecutive segments of one curve into one line.
            let follows = |other: &&Segment| match (segment.trial_step, other.trial_step) {
                (Some([trial, step]), Some([same, next])) => {
                    trial == same && next.wrapping_sub(step) < view.stride
                }
                _ => false,
            };
            let rest = &self.lines[at + 1..];
            let more = rest.iter().take(view.stride - 1);
            let more = more.take_while(follows).count();
            let last = &self.lines[at + more];
            at += 1 + more;
            let mut colour = segment.colour;
            let [trial, step] = segment
                .trial_step
                .map_or([None; 2], |trial_step| trial_step.map(Some));
            if view.trial.is_some() && trial.is_some() && view.trial != trial {
                continue;
            }
            if let (Some(now), Some(step)) = (view.now, step) {
                match now - step as f64 {
                    behind if behind < 0.0 => continue,
                    behind if behind > trail => colour.a *= TRAIL_OPACITY,
                    _ => {}
                }
            }
            let (a, b) = (segment.ends[0], last.ends[1]);
            if self.fades {
                let part = ((a - eye).length() - near) / (far - near);
                let paler = FADE * part.clamp(0.0, 1.0);
                let mix = |c: f32| c + (1.0 - c) * paler;
                (colour.r, colour.g, colour.b) = (mix(colour.r), mix(colour.g), mix(colour.b));
            }
            match self.dash {
                None => canvas.line([a, b], self.width, colour),
                Some(dash) => {
                    for ends in dashes([a, b], segment.start, dash, pixels) {
                        canvas.line(ends, self.width, colour);
                    }
                }
            }
        }
    }

    fn points(&self, canvas: &mut Canvas) {
        let Some(marker) = self.marker else { return };
        let sizes = self.points.iter().map(|(_, _, size)| *size);
        let shape = canvas.shape(marker, sizes.fold(0.0, f32::max));
        for (place, colour, size) in &self.points {
            if self.points.len() > MAX_SHAPED_POINTS {
                canvas.square(*place, *size, *colour);
            } else {
                canvas.marker(&shape, *place, *size, *colour);
            }
        }
    }
}

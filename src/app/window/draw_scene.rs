//! Drawing of a scene: the layers up to the current time step, and labels.

use kiss3d::prelude::{Camera3d, Color, Vec2, Vec3, Window};

use super::canvas::{Canvas, TEXT, Viewpoint, colour};
use super::markers::dashes;
use super::overlay::TextBox;
use super::scene::{PreparedLayer, PreparedScene, Segment};
use super::view_state::ViewState;
use crate::figure::Marker;
use crate::figure::scene::{Geometry, SceneLayer};

/// Fraction of its colour that a curve of a single colour loses at the far end.
const FADE: f32 = 0.25;
/// Opacity of a curve behind its trail.
const TRAIL_OPACITY: f32 = 0.15;
/// Above this number, points are drawn as squares, because other markers would be slow.
const MAX_SHAPED_POINTS: usize = 5000;
/// Diameter of the marker at the current position of a trial, in pixels.
const TRIAL_MARKER_SIZE: f32 = 8.0;

impl PreparedScene {
    /// Draws one frame. An image (`status` is `None`) has neither status text nor help.
    pub fn draw(
        &self,
        window: &mut Window,
        viewpoint: Viewpoint<'_>,
        view: &ViewState,
        status: Option<&str>,
    ) {
        let mut canvas = Canvas::new(window, viewpoint, &self.widths);
        let text_boxes = self.text_boxes(&canvas, view, status.is_some());
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
            self.arrow_heads(&mut canvas, &self.scene.layers[k]);
        }
        if let Some(now) = view.now {
            self.trial_markers(&mut canvas, now, view);
        }
        self.labels(&mut canvas, view);
        self.overlay(&mut canvas, view, status);
        canvas.covered.clear();
        text_boxes
            .iter()
            .for_each(|text_box| text_box.draw(&mut canvas));
    }

    /// Draws a marker at the current position of each trial.
    fn trial_markers(&self, canvas: &mut Canvas, now: f64, view: &ViewState) {
        let dot = canvas.shape(Marker::Dot, TRIAL_MARKER_SIZE);
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
                    canvas.marker(
                        &dot,
                        self.position(layer.positions[at]),
                        TRIAL_MARKER_SIZE,
                        shade,
                    );
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
    fn arrow_heads(&self, canvas: &mut Canvas, layer: &SceneLayer) {
        let Geometry::Arrows {
            head: true, width, ..
        } = &layer.geometry
        else {
            return;
        };
        for (k, ends) in layer.positions.chunks_exact(2).enumerate() {
            if ends.iter().flatten().all(|x| x.is_finite()) {
                let ends = [ends[0], ends[1]].map(|at| self.position(at));
                let shade = colour(layer.colour(2 * k), layer.opacity);
                canvas.arrow_head(ends, *width as f32, shade);
            }
        }
    }
}

impl PreparedLayer {
    fn lines(&self, canvas: &mut Canvas, eye: Vec3, view: &ViewState, steps: usize) {
        let trail = (steps as f64 / 8.0).max(2.0);
        let pixels = canvas.pixel_size(eye.length()).recip();
        let mut at = 0;
        while let Some(segment) = self.lines.get(at) {
            let more = self.merge_count(at, view.stride);
            let ends = [segment.ends[0], self.lines[at + more].ends[1]];
            at += 1 + more;
            let Some(opacity) = segment_opacity(segment, view, trail) else {
                continue;
            };
            let mut colour = segment.colour;
            colour.a *= opacity;
            if self.fades {
                colour = fade(colour, ends[0], eye);
            }
            match self.dash {
                None => canvas.line(ends, self.width, colour),
                Some(dash) => {
                    for ends in dashes(ends, segment.start, dash, pixels) {
                        canvas.line(ends, self.width, colour);
                    }
                }
            }
        }
    }

    /// The number of segments after `at` that are drawn with it as one line: fewer than `stride`
    /// consecutive segments of the same curve.
    fn merge_count(&self, at: usize, stride: usize) -> usize {
        let segment = &self.lines[at];
        let follows = |other: &&Segment| match (segment.trial_step, other.trial_step) {
            (Some([trial, step]), Some([same, next])) => {
                trial == same && next.wrapping_sub(step) < stride
            }
            _ => false,
        };
        let rest = self.lines[at + 1..].iter().take(stride - 1);
        rest.take_while(follows).count()
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

/// The factor of the opacity of a segment; `None` if the view hides it. `trail` is the number of
/// time steps before the current one that are drawn at full opacity.
fn segment_opacity(segment: &Segment, view: &ViewState, trail: f64) -> Option<f32> {
    let Some([trial, step]) = segment.trial_step else {
        return Some(1.0);
    };
    if view.trial.is_some_and(|one| one != trial) {
        return None;
    }
    match view.now.map(|now| now - step as f64) {
        Some(age) if age < 0.0 => None,
        Some(age) if age > trail => Some(TRAIL_OPACITY),
        _ => Some(1.0),
    }
}

/// A paler colour for a position that is farther from the eye.
fn fade(mut colour: Color, position: Vec3, eye: Vec3) -> Color {
    let [near, far] = [eye.length() - 0.8, eye.length() + 0.8];
    let part = ((position - eye).length() - near) / (far - near);
    let paler = FADE * part.clamp(0.0, 1.0);
    let mix = |c: f32| c + (1.0 - c) * paler;
    (colour.r, colour.g, colour.b) = (mix(colour.r), mix(colour.g), mix(colour.b));
    colour
}

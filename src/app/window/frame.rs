//! A window while one frame is made: markers, bars and words on it.

use std::sync::Arc;

use kiss3d::prelude::{Camera3d, Color, Font, OrbitCamera3d, Vec2, Vec3, Window};

use super::draw::Ready;
use super::marks::{self, Shape, Stroke};
use crate::figure::stage::Act;
use crate::figure::{Font as Widths, Marker, Rgb};

pub const INK: Rgb = Rgb(0x22, 0x22, 0x22);
/// The height of a line of text, in pixels.
pub const TEXT: f32 = 17.0;
/// How much nearer to the eye than its place a marker is, and again its middle than its rim.
const LIFT: f32 = 0.003;
/// The size of letters in the height of a line, by which the library knows text.
const EM: f32 = 0.895;

/// How an eye looks at a scene.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    pub camera: &'a OrbitCamera3d,
    pub font: &'a Arc<Font>,
    /// Dots of the screen in one of our pixels: 2 on a screen with small dots.
    pub scale: f32,
}

/// The window while a frame is made. Places on it are in pixels from the upper left corner.
pub struct Frame<'a> {
    window: &'a mut Window,
    pub camera: &'a OrbitCamera3d,
    font: &'a Arc<Font>,
    widths: &'a Widths,
    scale: f32,
    /// From what is looked at to the eye, and what is right and up on the window; of length 1.
    pub towards: Vec3,
    right: Vec3,
    up: Vec3,
    pub size: Vec2,
    /// Rectangles, by their upper left and lower right corners, that no text is written on: the
    /// library draws all text over all lines.
    pub covered: Vec<[Vec2; 2]>,
}

impl<'a> Frame<'a> {
    pub fn new(window: &'a mut Window, sight: Sight<'a>, widths: &'a Widths) -> Frame<'a> {
        let dots = Vec2::new(window.width() as f32, window.height() as f32);
        let towards = (sight.camera.eye() - sight.camera.at()).normalize_or_zero();
        let right = Vec3::new(-towards.y, towards.x, 0.0).normalize_or_zero();
        Frame {
            window,
            camera: sight.camera,
            font: sight.font,
            widths,
            scale: sight.scale,
            towards,
            right,
            up: towards.cross(right),
            size: dots / sight.scale,
            covered: Vec::new(),
        }
    }

    /// Where a place in space is seen on the window.
    pub fn seen(&self, place: Vec3) -> Vec2 {
        let at = self.camera.project(place, self.size);
        Vec2::new(at.x, self.size.y - at.y)
    }

    /// A line in space.
    pub fn line(&mut self, [a, b]: [Vec3; 2], width: f32, colour: Color) {
        // What is thinner than a dot has gaps.
        let width = (width * self.scale).max(1.0);
        self.window.draw_line(a, b, colour, width, false);
    }

    /// A square in space.
    pub fn square(&mut self, place: Vec3, size: f32, colour: Color) {
        self.window.draw_point(place, colour, size * self.scale);
    }

    /// A line on the window.
    fn stroke(&mut self, ends: [Vec2; 2], width: f32, colour: Color) {
        // To the library (0, 0) is the middle, y goes upwards, and its unit is what the screen
        // takes for a pixel.
        let unit = self.scale / self.window.scale_factor() as f32;
        let middle = self.size / 2.0;
        let [a, b] = ends.map(|at| Vec2::new(at.x - middle.x, middle.y - at.y) * unit);
        let width = width * self.scale;
        self.window.draw_line_2d(a, b, colour, width);
    }

    /// How far a text reaches from its middle in this direction.
    pub fn reach(&self, text: &str, out: Vec2) -> f32 {
        (out.x.abs() * self.wide(text, TEXT) + out.y.abs() * TEXT) / 2.0
    }

    /// Pixels that a text takes.
    pub fn wide(&self, text: &str, size: f32) -> f32 {
        self.widths.width(text, f64::from(size * EM)) as f32
    }

    pub fn text(&mut self, text: &str, at: Vec2, size: f32, colour: Color) {
        let end = at + Vec2::new(self.wide(text, size), size);
        let meets = |[low, high]: &[Vec2; 2]| at.cmplt(*high).all() && end.cmpgt(*low).all();
        if !text.is_empty() && !self.covered.iter().any(meets) {
            let (at, size) = (at * self.scale, size * self.scale);
            self.window.draw_text(text, at, size, self.font, colour);
        }
    }

    pub fn centred(&mut self, text: &str, middle: Vec2, size: f32, colour: Color) {
        let end = self.wide(text, size);
        self.text(text, middle - Vec2::new(end, size) / 2.0, size, colour);
    }

    /// What this marker is drawn with, at this size at most.
    pub fn shape(&self, marker: Marker, size: f32) -> Shape {
        Shape::new(marker, size * self.scale)
    }

    /// Strokes in pixels around a place in space; they face the eye.
    fn strokes(&mut self, place: Vec3, strokes: impl IntoIterator<Item = Stroke>, colour: Color) {
        let pixel = self.pixel((self.camera.eye() - place).dot(self.towards));
        let (right, up) = (self.right * pixel, self.up * pixel);
        for (ends, width) in strokes {
            let ends = ends.map(|end| place + right * end.x + up * end.y);
            self.line(ends, width, colour);
        }
    }

    /// A marker, with a white rim if it is filled. It lies over lines that go through its place.
    pub fn dot(&mut self, shape: &Shape, place: Vec3, size: f32, colour: Color) {
        let near = self.towards * LIFT;
        if shape.marker.is_filled() {
            let white = Color::new(1.0, 1.0, 1.0, 1.0);
            self.strokes(place + near, shape.at(size + 3.0), white);
        }
        self.strokes(place + near * 2.0, shape.at(size), colour);
    }

    /// A marker on the window, as in a legend.
    pub fn sign(&mut self, marker: Marker, middle: Vec2, size: f32, colour: Color) {
        for (ends, width) in self.shape(marker, size).at(size) {
            let ends = ends.map(|end| middle + Vec2::new(end.x, -end.y));
            self.stroke(ends, width, colour);
        }
    }

    /// The size of a pixel in space, so far away.
    pub fn pixel(&self, away: f32) -> f32 {
        2.0 * (self.camera.fov() / 2.0).tan() * away / self.size.y
    }

    /// A bar that lies on the window, from its left end on.
    pub fn bar(&mut self, left: Vec2, [wide, tall]: [f32; 2], colour: Color) {
        self.stroke([left, left + Vec2::new(wide, 0.0)], tall, colour);
    }

    pub fn ring(&mut self, middle: Vec2) {
        const SIDES: usize = 24;
        let corner = |k: usize| {
            let turn = std::f32::consts::TAU * k as f32 / SIDES as f32;
            middle + Vec2::new(turn.cos(), turn.sin()) * 8.0
        };
        for k in 0..SIDES {
            self.stroke([corner(k), corner(k + 1)], 1.5, colour(INK, 1.0));
        }
    }

    /// The heads of arrows.
    pub fn heads(&mut self, ready: &Ready, act: &Act, width: f32) {
        for (k, ends) in act.at.chunks_exact(2).enumerate() {
            if ends.iter().flatten().any(|x| !x.is_finite()) {
                continue;
            }
            let [from, to] = [ends[0], ends[1]].map(|at| ready.place(at));
            let along = self.seen(to) - self.seen(from);
            let long = (4.0 + 4.0 * width.sqrt()).min(0.6 * along.length());
            let back = along.normalize_or_zero() * -long;
            let colour = colour(act.colour(2 * k), act.opacity);
            self.strokes(to, marks::head(Vec2::new(back.x, -back.y)), colour);
        }
    }
}

/// A colour as the library wants it: in proportion to light, and not as screens take it.
pub fn colour(Rgb(r, g, b): Rgb, opacity: f64) -> Color {
    let part = |c: u8| {
        let c = f32::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    Color::new(part(r), part(g), part(b), opacity as f32)
}

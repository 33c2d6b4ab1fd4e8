//! A window during the drawing of one frame: lines, markers, bars and text.

use std::sync::Arc;

use kiss3d::prelude::{Camera3d, Color, Font, OrbitCamera3d, Vec2, Vec3, Window};

use super::markers::{self, MarkerShape, Stroke};
use crate::figure::{Font as Widths, Marker, Rgb};

pub const INK: Rgb = Rgb(0x22, 0x22, 0x22);
/// Line height of text, in pixels.
pub const TEXT: f32 = 17.0;
/// Offset of a marker towards the eye, and of its interior relative to its outline.
const MARKER_OFFSET: f32 = 0.003;
/// Font size relative to the line height, by which the library measures text.
const FONT_SIZE_RATIO: f32 = 0.895;

/// Camera, font and scale of a view.
#[derive(Clone, Copy)]
pub struct Viewpoint<'a> {
    pub camera: &'a OrbitCamera3d,
    pub font: &'a Arc<Font>,
    /// Screen pixels per logical pixel: 2 on a high-density screen.
    pub scale: f32,
}

/// The window during the drawing of a frame. Window coordinates are in pixels from the upper left
/// corner.
pub struct Canvas<'a> {
    window: &'a mut Window,
    pub camera: &'a OrbitCamera3d,
    font: &'a Arc<Font>,
    widths: &'a Widths,
    scale: f32,
    /// Unit vectors from the target to the eye, and to the right and upwards on the window.
    pub towards_eye: Vec3,
    right: Vec3,
    up: Vec3,
    pub size: Vec2,
    /// Rectangles (upper left and lower right corner) without text: the library draws all text
    /// above all lines.
    pub covered: Vec<[Vec2; 2]>,
}

impl<'a> Canvas<'a> {
    pub fn new(window: &'a mut Window, viewpoint: Viewpoint<'a>, widths: &'a Widths) -> Canvas<'a> {
        let dots = Vec2::new(window.width() as f32, window.height() as f32);
        let towards_eye = (viewpoint.camera.eye() - viewpoint.camera.at()).normalize_or_zero();
        let right = Vec3::new(-towards_eye.y, towards_eye.x, 0.0).normalize_or_zero();
        Canvas {
            window,
            camera: viewpoint.camera,
            font: viewpoint.font,
            widths,
            scale: viewpoint.scale,
            towards_eye,
            right,
            up: towards_eye.cross(right),
            size: dots / viewpoint.scale,
            covered: Vec::new(),
        }
    }

    /// The window position of a position in space.
    pub fn project(&self, position: Vec3) -> Vec2 {
        let at = self.camera.project(position, self.size);
        Vec2::new(at.x, self.size.y - at.y)
    }

    /// Draws a line in space.
    pub fn line(&mut self, [a, b]: [Vec3; 2], width: f32, colour: Color) {
        // A line thinner than one screen pixel would have gaps.
        let width = (width * self.scale).max(1.0);
        self.window.draw_line(a, b, colour, width, false);
    }

    /// Draws a square in space.
    pub fn square(&mut self, position: Vec3, size: f32, colour: Color) {
        self.window.draw_point(position, colour, size * self.scale);
    }

    /// Draws a line on the window.
    fn stroke(&mut self, ends: [Vec2; 2], width: f32, colour: Color) {
        // The coordinates of the library have their origin at the centre, y points upwards, and the
        // unit is the logical pixel of the screen.
        let unit = self.scale / self.window.scale_factor() as f32;
        let middle = self.size / 2.0;
        let [a, b] = ends.map(|at| Vec2::new(at.x - middle.x, middle.y - at.y) * unit);
        let width = width * self.scale;
        self.window.draw_line_2d(a, b, colour, width);
    }

    /// The extent of a text from its centre in this direction.
    pub fn reach(&self, text: &str, out: Vec2) -> f32 {
        (out.x.abs() * self.text_width(text, TEXT) + out.y.abs() * TEXT) / 2.0
    }

    /// The width of a text in pixels.
    pub fn text_width(&self, text: &str, size: f32) -> f32 {
        self.widths.width(text, f64::from(size * FONT_SIZE_RATIO)) as f32
    }

    pub fn text(&mut self, text: &str, at: Vec2, size: f32, colour: Color) {
        let end = at + Vec2::new(self.text_width(text, size), size);
        let meets = |[low, high]: &[Vec2; 2]| at.cmplt(*high).all() && end.cmpgt(*low).all();
        if !text.is_empty() && !self.covered.iter().any(meets) {
            let (at, size) = (at * self.scale, size * self.scale);
            self.window.draw_text(text, at, size, self.font, colour);
        }
    }

    pub fn centred_text(&mut self, text: &str, middle: Vec2, size: f32, colour: Color) {
        let end = self.text_width(text, size);
        self.text(text, middle - Vec2::new(end, size) / 2.0, size, colour);
    }

    /// The strokes of a marker up to this size.
    pub fn shape(&self, marker: Marker, size: f32) -> MarkerShape {
        MarkerShape::new(marker, size * self.scale)
    }

    /// Draws strokes, in pixels around a position in space, that face the eye.
    fn strokes(
        &mut self,
        position: Vec3,
        strokes: impl IntoIterator<Item = Stroke>,
        colour: Color,
    ) {
        let pixel = self.pixel_size((self.camera.eye() - position).dot(self.towards_eye));
        let (right, up) = (self.right * pixel, self.up * pixel);
        for (ends, width) in strokes {
            let ends = ends.map(|end| position + right * end.x + up * end.y);
            self.line(ends, width, colour);
        }
    }

    /// Draws a marker, with a white outline if it is filled. It covers lines that pass through its
    /// position.
    pub fn marker(&mut self, shape: &MarkerShape, position: Vec3, size: f32, colour: Color) {
        let offset = self.towards_eye * MARKER_OFFSET;
        if shape.marker.is_filled() {
            let white = Color::new(1.0, 1.0, 1.0, 1.0);
            self.strokes(position + offset, shape.strokes(size + 3.0), white);
        }
        self.strokes(position + offset * 2.0, shape.strokes(size), colour);
    }

    /// Draws a marker on the window, for a legend.
    pub fn legend_marker(&mut self, marker: Marker, middle: Vec2, size: f32, colour: Color) {
        for (ends, width) in self.shape(marker, size).strokes(size) {
            let ends = ends.map(|end| middle + Vec2::new(end.x, -end.y));
            self.stroke(ends, width, colour);
        }
    }

    /// The size of a pixel in space at this distance.
    pub fn pixel_size(&self, distance: f32) -> f32 {
        2.0 * (self.camera.fov() / 2.0).tan() * distance / self.size.y
    }

    /// Draws a bar on the window; `left` is its left end.
    pub fn bar(&mut self, left: Vec2, [width, height]: [f32; 2], colour: Color) {
        self.stroke([left, left + Vec2::new(width, 0.0)], height, colour);
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

    /// Draws the head of an arrow in space whose line has this width.
    pub fn arrow_head(&mut self, [from, to]: [Vec3; 2], width: f32, colour: Color) {
        let along = self.project(to) - self.project(from);
        let long = (4.0 + 4.0 * width.sqrt()).min(0.6 * along.length());
        let back = along.normalize_or_zero() * -long;
        self.strokes(to, markers::arrow_head(Vec2::new(back.x, -back.y)), colour);
    }
}

/// A colour in the linear colour space of the library.
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

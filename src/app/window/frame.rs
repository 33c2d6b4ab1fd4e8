//! A window while one frame is made: markers, bars and words on it.

use std::sync::Arc;

use kiss3d::prelude::{Camera3d, Color, Font, OrbitCamera3d, Vec2, Vec3, Window};

use super::draw::Ready;
use super::marks::Shape;
use crate::figure::stage::Act;
use crate::figure::{Font as Widths, Rgb};

pub const INK: Rgb = Rgb(0x22, 0x22, 0x22);
/// The height of a line of text, in pixels.
pub const TEXT: f32 = 17.0;
/// The size of letters in the height of a line, by which the library knows text.
const EM: f32 = 0.895;

/// The window while a frame is made. Places on it are in pixels from the upper left corner.
pub struct Frame<'a> {
    pub window: &'a mut Window,
    pub camera: &'a OrbitCamera3d,
    pub font: &'a Arc<Font>,
    pub widths: &'a Widths,
    pub size: Vec2,
}

impl Frame<'_> {
    pub fn seen(&self, place: Vec3) -> Vec2 {
        let at = self.camera.project(place, self.size);
        Vec2::new(at.x, self.size.y - at.y)
    }

    /// From a place on the window to where the library draws lines: (0, 0) is the middle, y goes
    /// upwards.
    pub fn flat(&self, at: Vec2) -> Vec2 {
        Vec2::new(at.x - self.size.x / 2.0, self.size.y / 2.0 - at.y)
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
        if !text.is_empty() {
            self.window.draw_text(text, at, size, self.font, colour);
        }
    }

    pub fn centred(&mut self, text: &str, middle: Vec2, size: f32, colour: Color) {
        let end = self.wide(text, size);
        self.text(text, middle - Vec2::new(end, size) / 2.0, size, colour);
    }

    /// A marker of this size in pixels that stands in space and faces the eye.
    pub fn marker(&mut self, shape: &Shape, place: Vec3, size: f32, colour: Color) {
        let eye = self.camera.eye();
        let towards = (eye - self.camera.at()).normalize_or_zero();
        let right = Vec3::new(-towards.y, towards.x, 0.0).normalize_or_zero();
        let up = towards.cross(right);
        let pixel = self.pixel((eye - place).dot(towards));
        for (ends, width) in shape.at(size) {
            let [a, b] = ends.map(|end| place + (right * end.x + up * end.y) * pixel);
            self.window.draw_line(a, b, colour, width, false);
        }
    }

    /// A marker that has a white rim if it is filled.
    pub fn dot(&mut self, shape: &Shape, place: Vec3, size: f32, colour: Color) {
        if shape.solid {
            let white = Color::new(1.0, 1.0, 1.0, 1.0);
            let behind = place - self.camera.eye().normalize_or_zero() * 0.002;
            self.marker(shape, behind, size + 3.0, white);
        }
        self.marker(shape, place, size, colour);
    }

    /// A marker on the window, as in a legend.
    pub fn sign(&mut self, shape: &Shape, middle: Vec2, size: f32, colour: Color) {
        let middle = self.flat(middle);
        for (ends, width) in shape.at(size) {
            let [a, b] = ends.map(|end| middle + end);
            self.window.draw_line_2d(a, b, colour, width);
        }
    }

    /// The size of a pixel in space, so far away.
    pub fn pixel(&self, away: f32) -> f32 {
        2.0 * (self.camera.fov() / 2.0).tan() * away / self.size.y
    }

    /// A bar that lies on the window, from its left end on.
    pub fn bar(&mut self, left: Vec2, [wide, tall]: [f32; 2], colour: Color) {
        let ends = [left, left + Vec2::new(wide, 0.0)].map(|at| self.flat(at));
        self.window.draw_line_2d(ends[0], ends[1], colour, tall);
    }

    pub fn ring(&mut self, middle: Vec2) {
        const SIDES: usize = 24;
        let corner = |k: usize| {
            let turn = std::f32::consts::TAU * k as f32 / SIDES as f32;
            middle + Vec2::new(turn.cos(), turn.sin()) * 8.0
        };
        for k in 0..SIDES {
            let ends = [corner(k), corner(k + 1)].map(|at| self.flat(at));
            self.window
                .draw_line_2d(ends[0], ends[1], colour(INK, 1.0), 1.5);
        }
    }

    /// The heads of arrows, as two strokes each.
    pub fn heads(&mut self, ready: &Ready, act: &Act, width: f32) {
        for (k, ends) in act.at.chunks_exact(2).enumerate() {
            if ends.iter().flatten().any(|x| !x.is_finite()) {
                continue;
            }
            let [from, to] = [ends[0], ends[1]].map(|at| self.seen(ready.place(at)));
            let along = to - from;
            let back = along.normalize_or_zero() * (7.0 * width.sqrt()).min(0.5 * along.length());
            let aside = Vec2::new(-back.y, back.x) * 0.45;
            let shade = colour(act.colour(2 * k), act.opacity);
            for end in [to - back + aside, to - back - aside] {
                let [a, b] = [to, end].map(|at| self.flat(at));
                self.window.draw_line_2d(a, b, shade, 1.5 * width);
            }
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

//! A writer of SVG documents with a few kinds of elements; coordinates have two decimals.

use std::fmt::Write;

use super::polyline::Point;
use super::text::{FONT_FAMILIES, tspans};
use super::{Dash, Rgb, Stroke};

/// Horizontal alignment of text relative to its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG document under construction.
pub struct SvgWriter {
    out: String,
}

impl SvgWriter {
    /// A document with a white background. Units: pixels of 1/96 inch.
    pub fn new(width: f64, height: f64) -> SvgWriter {
        let (w, h) = (format_number(width), format_number(height));
        SvgWriter {
            out: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
                 viewBox=\"0 0 {w} {h}\" font-family=\"{FONT_FAMILIES}\">\n\
                 <rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n"
            ),
        }
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    /// Begins a group that is clipped to a rectangle.
    pub fn begin_clip(&mut self, name: usize, low: Point, size: Point) {
        let [x, y, w, h] = [low[0], low[1], size[0], size[1]].map(format_number);
        self.write_line(format_args!(
            "<clipPath id=\"c{name}\"><rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"/>\
             </clipPath>\n<g clip-path=\"url(#c{name})\">"
        ));
    }

    /// Begins a group; `attributes` apply to all its elements.
    pub fn begin_group(&mut self, attributes: std::fmt::Arguments) {
        self.write_line(format_args!("<g {attributes}>"));
    }

    pub fn end_group(&mut self) {
        self.write_line(format_args!("</g>"));
    }

    /// Open polylines.
    pub fn polylines(&mut self, pieces: &[Vec<Point>], colour: Rgb, stroke: &Stroke) {
        let path = path_data(pieces);
        if path.is_empty() {
            return;
        }
        let width = format_number(stroke.width);
        let dash = stroke.dash.pattern(stroke.width, true);
        let dash = dash.map_or_else(String::new, |lengths| {
            let [length, gap] = lengths.map(format_number);
            format!(" stroke-dasharray=\"{length} {gap}\"")
        });
        let opacity = match stroke.opacity {
            opaque if opaque >= 1.0 => String::new(),
            opacity => format!(" stroke-opacity=\"{}\"", format_number(opacity)),
        };
        // Round caps of translucent pieces would overlap and look darker where two pieces meet.
        let cap = if stroke.dash == Dash::Dashed || stroke.opacity < 1.0 {
            "butt"
        } else {
            "round"
        };
        self.write_line(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linecap=\"{cap}\" stroke-linejoin=\"round\"{dash}{opacity}/>"
        ));
    }

    /// A polyline with square caps, for axes and ticks.
    pub fn line(&mut self, points: &[Point], colour: Rgb, width: f64) {
        let (path, width) = (path_data(&[points.to_vec()]), format_number(width));
        self.write_line(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linecap=\"square\"/>"
        ));
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[Point], colour: Rgb, opacity: f64) {
        let (path, opacity) = (path_data(&[points.to_vec()]), format_number(opacity));
        self.write_line(format_args!(
            "<path d=\"{path}Z\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    pub fn circle(&mut self, [x, y]: Point, radius: f64) {
        let [x, y, r] = [x, y, radius].map(format_number);
        self.write_line(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"));
    }

    /// A path in SVG syntax; its colours come from the enclosing group.
    pub fn path(&mut self, path: &str) {
        self.write_line(format_args!("<path d=\"{path}\"/>"));
    }

    /// An image without smoothing; `png` is base64.
    pub fn image(&mut self, low: Point, size: Point, png: &str) {
        let [x, y, w, h] = [low[0], low[1], size[0], size[1]].map(format_number);
        self.write_line(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{png}\"/>"
        ));
    }

    pub fn text(&mut self, [x, y]: Point, anchor: Anchor, size: f64, colour: Rgb, text: &str) {
        let position = format!("x=\"{}\" y=\"{}\"", format_number(x), format_number(y));
        self.text_element(&position, anchor, size, colour, text);
    }

    /// Text rotated to run upwards.
    pub fn vertical_text(&mut self, position: Point, size: f64, colour: Rgb, text: &str) {
        self.rotated_text(position, -90.0, size, colour, text);
    }

    /// Text centred at a position, rotated clockwise by `angle` degrees.
    pub fn rotated_text(&mut self, [x, y]: Point, angle: f64, size: f64, colour: Rgb, text: &str) {
        let (x, y, angle) = (format_number(x), format_number(y), format_number(angle));
        let position = format!("transform=\"translate({x} {y}) rotate({angle})\"");
        self.text_element(&position, Anchor::Middle, size, colour, text);
    }

    fn text_element(&mut self, position: &str, anchor: Anchor, size: f64, colour: Rgb, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (spans, size) = (tspans(text, size), format_number(size));
        self.write_line(format_args!(
            "<text {position} font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{colour}\" \
             xml:space=\"preserve\">{spans}</text>"
        ));
    }

    fn write_line(&mut self, arguments: std::fmt::Arguments) {
        writeln!(self.out, "{arguments}").expect("writing to a string cannot fail");
    }
}

/// Formats with two decimals, without trailing zeros.
pub fn format_number(v: f64) -> String {
    let text = format!("{v:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".into(),
        text => text.into(),
    }
}

fn path_data(pieces: &[Vec<Point>]) -> String {
    let mut out = String::new();
    for points in pieces {
        for (i, [x, y]) in points.iter().enumerate() {
            let letter = match i {
                0 => "M",
                1 => "L",
                _ => " ",
            };
            out.push_str(letter);
            out.push_str(&format_number(*x));
            out.push(' ');
            out.push_str(&format_number(*y));
        }
    }
    out
}

//! The page an SVG is written on: a few kinds of marks, each number with two decimals.

use std::fmt::Write;

use super::text::{FAMILIES, spans};
use super::trace::Point;
use super::{Dash, Rgb, Stroke};

/// Where text stands relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A growing SVG document.
pub struct Sheet {
    out: String,
}

impl Sheet {
    /// A white page. Units: pixels of 1/96 inch.
    pub fn new(width: f64, height: f64) -> Sheet {
        let (w, h) = (number(width), number(height));
        Sheet {
            out: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
                 viewBox=\"0 0 {w} {h}\" font-family=\"{FAMILIES}\">\n\
                 <rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n"
            ),
        }
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    /// Begins a group that shows only what lies inside a box.
    pub fn clip(&mut self, name: usize, low: Point, size: Point) {
        let [x, y, w, h] = [low[0], low[1], size[0], size[1]].map(number);
        self.line(format_args!(
            "<clipPath id=\"c{name}\"><rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"/>\
             </clipPath>\n<g clip-path=\"url(#c{name})\">"
        ));
    }

    /// Begins a group; `attributes` hold for everything in it.
    pub fn group(&mut self, attributes: std::fmt::Arguments) {
        self.line(format_args!("<g {attributes}>"));
    }

    pub fn end(&mut self) {
        self.line(format_args!("</g>"));
    }

    /// Lines through points, open.
    pub fn stroke(&mut self, stretches: &[Vec<Point>], colour: Rgb, stroke: &Stroke) {
        let path = path(stretches);
        if path.is_empty() {
            return;
        }
        let width = number(stroke.width);
        let dash = stroke.dash.pattern(stroke.width, true);
        let dash = dash.map_or_else(String::new, |lengths| {
            let [ink, gap] = lengths.map(number);
            format!(" stroke-dasharray=\"{ink} {gap}\"")
        });
        let opacity = match stroke.opacity {
            all if all >= 1.0 => String::new(),
            part => format!(" stroke-opacity=\"{}\"", number(part)),
        };
        // Round ends of translucent pieces would be darker where two of them meet.
        let cap = if stroke.dash == Dash::Dashed || stroke.opacity < 1.0 {
            "butt"
        } else {
            "round"
        };
        self.line(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linecap=\"{cap}\" stroke-linejoin=\"round\"{dash}{opacity}/>"
        ));
    }

    /// A straight line with crisp ends, as for axes and ticks.
    pub fn edge(&mut self, points: &[Point], colour: Rgb, width: f64) {
        let (path, width) = (path(&[points.to_vec()]), number(width));
        self.line(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linecap=\"square\"/>"
        ));
    }

    /// A filled shape.
    pub fn fill(&mut self, points: &[Point], colour: Rgb, opacity: f64) {
        let (path, opacity) = (path(&[points.to_vec()]), number(opacity));
        self.line(format_args!(
            "<path d=\"{path}Z\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    pub fn disc(&mut self, [x, y]: Point, radius: f64) {
        let [x, y, r] = [x, y, radius].map(number);
        self.line(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"));
    }

    /// A path given as SVG writes it; colours come from the group around it.
    pub fn shape(&mut self, path: &str) {
        self.line(format_args!("<path d=\"{path}\"/>"));
    }

    /// A picture in cells without smoothing; `png` is in base 64.
    pub fn picture(&mut self, low: Point, size: Point, png: &str) {
        let [x, y, w, h] = [low[0], low[1], size[0], size[1]].map(number);
        self.line(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{png}\"/>"
        ));
    }

    pub fn text(&mut self, [x, y]: Point, anchor: Anchor, size: f64, colour: Rgb, text: &str) {
        let place = format!("x=\"{}\" y=\"{}\"", number(x), number(y));
        self.write(&place, anchor, size, colour, text);
    }

    /// Text that runs upwards.
    pub fn upright(&mut self, place: Point, size: f64, colour: Rgb, text: &str) {
        self.turned(place, -90.0, size, colour, text);
    }

    /// Text around its middle, turned clockwise by `angle` degrees.
    pub fn turned(&mut self, [x, y]: Point, angle: f64, size: f64, colour: Rgb, text: &str) {
        let (x, y, angle) = (number(x), number(y), number(angle));
        let place = format!("transform=\"translate({x} {y}) rotate({angle})\"");
        self.write(&place, Anchor::Middle, size, colour, text);
    }

    fn write(&mut self, place: &str, anchor: Anchor, size: f64, colour: Rgb, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (spans, size) = (spans(text, size), number(size));
        self.line(format_args!(
            "<text {place} font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{colour}\" \
             xml:space=\"preserve\">{spans}</text>"
        ));
    }

    fn line(&mut self, arguments: std::fmt::Arguments) {
        writeln!(self.out, "{arguments}").expect("a string takes everything that is written");
    }
}

/// Two decimals, without zeros at the end.
pub fn number(v: f64) -> String {
    let text = format!("{v:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".into(),
        text => text.into(),
    }
}

fn path(stretches: &[Vec<Point>]) -> String {
    let mut out = String::new();
    for points in stretches {
        for (i, [x, y]) in points.iter().enumerate() {
            let letter = match i {
                0 => "M",
                1 => "L",
                _ => " ",
            };
            out.push_str(letter);
            out.push_str(&number(*x));
            out.push(' ');
            out.push_str(&number(*y));
        }
    }
    out
}

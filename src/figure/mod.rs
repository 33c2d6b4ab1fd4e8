//! Pictures as data: a [`Figure`] holds panels, a [`Panel`] holds layers, a layer holds arrays and
//! a style. [`svg`] draws it, [`png`] turns that drawing into pixels. A panel is flat, or (with a
//! camera) a box in three dimensions.
//!
//! The drawing is our own and not plotters': plotters keeps its fonts in a global registry, cannot
//! set a superscript (10^-3), pulls lines that leave the axes back onto their edge, draws a heatmap
//! as one rectangle a cell, and knows neither colour bars nor equal aspect nor where a legend hides
//! no data. resvg makes the pixels, with the one font of this folder and none of the machine's, so
//! that the same figure is the same bytes everywhere. The font (Arimo) has Arial's widths: an SVG
//! looks alike in a viewer that falls back to Arial, Helvetica or Liberation Sans.

mod axes;
mod check;
mod colour;
mod extent;
pub mod kept;
mod layer;
mod layout;
mod legend;
mod marks;
mod motion;
mod page;
mod plot;
mod png;
mod raster;
mod sheet;
mod space;
mod style;
mod svg;
mod text;
mod ticks;
mod trace;

pub use colour::{Map, Rgb};
pub use layer::{Bars, Cells, Circle, Layer, Line, Note, Ribbon, Rule, Scatter, Side, Stem};
pub use motion::{Film, Motion, Shots, gif};
pub use page::page;
pub use plot::{Axis, ColourAxis, Figure, Legend, Panel};
pub use png::{pixels, png};
pub use space::stage;
pub use space::{Arrows, Camera, Labels, Paths, Place, Points};
pub use style::{Dash, Marker, Stroke};
pub use svg::svg;
pub use text::{FONT, Font};
pub use ticks::{Tick, Ticks};

/// The ticks an axis from `low` to `high` would carry, `most` at the most.
pub fn ticks(low: f64, high: f64, log: bool, most: usize) -> Ticks {
    if log {
        ticks::log(low, high, most)
    } else {
        ticks::linear(low, high, most, 0.0)
    }
}

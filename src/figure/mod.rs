//! Figures: a [`Figure`] contains panels, a [`Panel`] contains layers, and a layer contains arrays
//! and a style. [`svg`] writes a figure as SVG; [`png`] rasterizes that SVG. A panel is flat or, if
//! it has a camera, three-dimensional.
//!
//! Reasons for our own renderer instead of plotters: plotters stores its fonts in a global
//! registry, cannot set a superscript (10^-3), moves line segments that leave the axes back onto
//! their edge, draws a heatmap as one rectangle per cell, and supports neither colour bars nor
//! equal aspect nor a legend position that hides no data. resvg rasterizes with the embedded font
//! only and ignores the fonts of the machine, so the same figure yields the same bytes everywhere.
//! The font (Arimo) has the widths of Arial: an SVG looks the same in a viewer that falls back to
//! Arial, Helvetica or Liberation Sans.

mod axes;
mod axis_metrics;
mod colour;
mod draw_layers;
mod draw_legend;
mod gif;
mod layer;
mod layout;
mod legend;
mod page;
mod panel;
mod png;
mod polyline;
mod raster;
mod scale;
pub mod serialize;
mod style;
mod svg;
mod svg_writer;
mod text;
mod three_d;
mod ticks;
mod validate;

pub use colour::{ColourMap, Rgb};
pub use gif::{AnimationOptions, FrameBatch, Motion, gif};
pub use layer::{
    Annotation, Band, Bars, Circle, Heatmap, Layer, Line, ReferenceLine, Scatter, Side, Stem,
};
pub use page::page;
pub use panel::{Axis, ColourAxis, Figure, Legend, Panel};
pub use png::{pixels, png};
pub use style::{Dash, Marker, Stroke};
pub use svg::svg;
pub use text::{FONT, Font};
pub use three_d::scene;
pub use three_d::{Arrows, Camera, Labels, Paths, Point3, Points};
pub use ticks::{Tick, Ticks};

/// The ticks of an axis from `low` to `high`, at most `max_count` of them.
pub fn ticks(low: f64, high: f64, log: bool, max_count: usize) -> Ticks {
    if log {
        ticks::log(low, high, max_count)
    } else {
        ticks::linear(low, high, max_count, 0.0)
    }
}

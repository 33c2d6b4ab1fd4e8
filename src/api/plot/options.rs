//! The options of the script modules `plot` and `scene`.

use crate::api::trials::Trials;
use crate::api::value::Value;
use crate::base::options::Span;
use crate::figure::{ColourMap, Dash};
use crate::tensor::Tensor;
use crate::{choices, options};

options! {
    /// Options of `plot::lines`.
    pub struct LinesOptions for "plot::lines" {
        /// The x coordinates.
        x: Option<Tensor> = None, default "0, 1, 2, ...";
        /// Legend labels, one per line.
        labels: Option<Vec<Value>> = None;
        /// Colour of all lines: blue, red, green, pink, orange, sky, black, grey or #rrggbb.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Line width in pixels.
        width: f64 = 1.4, in Span::above(0.0);
        /// Dash pattern of the lines.
        dash: Dash = Dash::Solid;
        /// Opacity, from 0 (transparent) to 1 (opaque).
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Marker at each point: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
    }
}

options! {
    /// Options of `plot::scatter`.
    pub struct ScatterOptions for "plot::scatter" {
        /// Values that determine the colours, one per point or arrow.
        values: Option<Tensor> = None;
        /// Colour map of the values.
        map: ColourMap = ColourMap::Viridis;
        /// Colour of all points, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Marker diameter in pixels.
        size: f64 = 5.0, in Span::above(0.0);
        /// Opacity, from 0 (transparent) to 1 (opaque).
        opacity: f64 = 0.85, in Span::between(0.0, 1.0);
        /// Marker shape: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
        /// Legend label.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::stem`.
    pub struct StemOptions for "plot::stem" {
        /// The x coordinates.
        x: Option<Tensor> = None, default "0, 1, 2, ...";
        /// Colour, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Legend label.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::histogram`.
    pub struct HistogramOptions for "plot::histogram" {
        /// Number of bins.
        bins: Option<usize> = None,
            default "chosen from the data", in Span::between(1.0, 100_000.0);
        /// Colour, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Legend label.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::heatmap` and `plot::image`.
    pub struct HeatOptions for "plot::heatmap" {
        /// Colour map; the default is viridis for a heatmap and blue_white_red for an image.
        map: ColourMap = ColourMap::Viridis;
        /// Values at the two ends of the colour bar.
        colour_limits: Vec<f64> = Vec::new(), default "the range of the data";
        /// Whether the colour limits are symmetric about zero.
        symmetric: bool = false;
        /// Label of the colour bar.
        colour_label: String = "".into();
        /// The x coordinates of the left edge of the first column and the right edge of the last
        /// column.
        x: Vec<f64> = Vec::new();
        /// The y coordinates of the outer edges of the first and the last row.
        y: Vec<f64> = Vec::new();
        /// Whether a colour bar is drawn.
        bar: bool = true;
    }
}

options! {
    /// Options of `plot::grid`.
    pub struct GridOptions for "plot::grid" {
        /// Number of figures per row, for a flat list of figures.
        columns: usize = 2, in Span::at_least(1.0);
    }
}

options! {
    /// Options of `figure.save`.
    pub struct SaveOptions for "figure.save" {
        /// Resolution: pixels per 1/96 inch of the page (PNG and GIF).
        scale: f64 = 2.0, in Span::between(0.1, 20.0);
    }
}

choices! {
    /// What determines the colour of trajectories.
    pub enum By {
        /// One colour for all trajectories.
        #[default]
        Layer = "layer",
        /// The time step.
        Time = "time",
        /// The trial index.
        Trial = "trial",
    }
}

options! {
    /// Options of `scene::trajectories`.
    pub struct PathOptions for "scene::trajectories" {
        /// What determines the colour: "layer" (one colour for all), "time" or "trial".
        by: By = By::Layer;
        /// Values that determine the colours: one per trial, [trials, time], or a list with one
        /// vector per trial.
        values: Option<Trials> = None;
        /// Colour map of the values.
        map: ColourMap = ColourMap::Viridis;
        /// Label of the colour bar.
        colour_label: String = "".into();
        /// Colour of all trajectories, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Line width in pixels.
        width: f64 = 1.2, in Span::above(0.0);
        /// Dash pattern of the lines.
        dash: Dash = Dash::Solid;
        /// Opacity, from 0 (transparent) to 1 (opaque).
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Legend label.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `scene::points`.
    pub struct PointOptions for "scene::points" {
        /// Values that determine the colours, one per point or arrow.
        values: Option<Tensor> = None;
        /// Colour map of the values.
        map: ColourMap = ColourMap::Viridis;
        /// Label of the colour bar.
        colour_label: String = "".into();
        /// Colour of all points, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Marker diameter in pixels.
        size: f64 = 7.0, in Span::above(0.0);
        /// Marker diameter of each point, in pixels.
        sizes: Option<Tensor> = None, default "size";
        /// Opacity, from 0 (transparent) to 1 (opaque).
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Marker shape: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
        /// Legend label.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `scene::arrows`.
    pub struct ArrowOptions for "scene::arrows" {
        /// Values that determine the colours, one per point or arrow.
        values: Option<Tensor> = None;
        /// Colour map of the values.
        map: ColourMap = ColourMap::Viridis;
        /// Label of the colour bar.
        colour_label: String = "".into();
        /// Colour of all arrows, as in `plot::lines`.
        colour: Option<String> = None, default "the next colour of the palette";
        /// Whether arrows have heads; without heads they are line segments.
        head: bool = true;
        /// Line width in pixels.
        width: f64 = 1.2, in Span::above(0.0);
        /// Dash pattern of the lines.
        dash: Dash = Dash::Solid;
        /// Opacity, from 0 (transparent) to 1 (opaque).
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Legend label.
        label: Option<String> = None;
    }
}

//! The options of the table `plot`.

use crate::api::trials::Trials;
use crate::api::value::Value;
use crate::base::options::Span;
use crate::figure::{ColourMap, Dash};
use crate::tensor::Tensor;
use crate::{choices, options};

options! {
    /// Options of `plot::lines`.
    pub struct LinesOptions for "plot::lines" {
        /// The x of every line; 0, 1, 2, ... if left out.
        x: Option<Tensor> = None;
        /// One name for each line, for the legend.
        labels: Option<Vec<Value>> = None;
        /// A colour for all lines: blue, red, green, pink, orange, sky, black, grey or #rrggbb.
        colour: Option<String> = None;
        /// Thickness in pixels.
        width: f64 = 1.4, in Span::above(0.0);
        /// How lines are broken up.
        dash: Dash = Dash::Solid;
        /// 1 for ink, 0 for glass.
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Marks at the points: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
    }
}

options! {
    /// Options of `plot::scatter`.
    pub struct ScatterOptions for "plot::scatter" {
        /// One number for each point, shown by its colour.
        values: Option<Tensor> = None;
        /// The colours of `values`.
        map: ColourMap = ColourMap::Viridis;
        /// A colour for all points, as in `plot::lines`.
        colour: Option<String> = None;
        /// Diameter in pixels.
        size: f64 = 5.0, in Span::above(0.0);
        /// 1 for ink, 0 for glass.
        opacity: f64 = 0.85, in Span::between(0.0, 1.0);
        /// The shape of a point: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
        /// The name in the legend.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::stem`.
    pub struct StemOptions for "plot::stem" {
        /// The x of each stem; 0, 1, 2, ... if left out.
        x: Option<Tensor> = None;
        /// A colour, as in `plot::lines`.
        colour: Option<String> = None;
        /// The name in the legend.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::histogram`.
    pub struct HistogramOptions for "plot::histogram" {
        /// The number of bins; if left out, what suits the data.
        bins: Option<usize> = None, in Span::between(1.0, 100_000.0);
        /// A colour, as in `plot::lines`.
        colour: Option<String> = None;
        /// The name in the legend.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `plot::heatmap` and `plot::image`.
    pub struct HeatOptions for "plot::heatmap" {
        /// The colours; an image has blue_white_red, a heatmap viridis.
        map: ColourMap = ColourMap::Viridis;
        /// The numbers at the ends of the colour bar; the data's own if left out.
        limits: Vec<f64> = Vec::new();
        /// Whether the ends of the colour bar are equally far from zero.
        symmetric: bool = false;
        /// What stands at the colour bar.
        label: String = "".into();
        /// Where the first column begins and the last one ends.
        x: Vec<f64> = Vec::new();
        /// Where the first row begins and the last one ends.
        y: Vec<f64> = Vec::new();
        /// Whether a colour bar is drawn.
        bar: bool = true;
    }
}

options! {
    /// Options of `plot::grid`.
    pub struct GridOptions for "plot::grid" {
        /// Figures side by side, for a list that is not a list of rows.
        columns: usize = 2, in Span::at_least(1.0);
    }
}

options! {
    /// Options of `figure.save`.
    pub struct SaveOptions for "figure.save" {
        /// Pixels of a PNG for each 1/96 inch of the page.
        scale: f64 = 2.0, in Span::between(0.1, 20.0);
    }
}

choices! {
    /// What gives trajectories their colour.
    pub enum By {
        /// All have the same.
        #[default]
        Layer = "layer",
        /// The step of time.
        Time = "time",
        /// The trial.
        Trial = "trial",
    }
}

options! {
    /// Options of `scene::trajectories`.
    pub struct PathOptions for "scene::trajectories" {
        /// What gives the colour: layer (all the same), time or trial.
        by: By = By::Layer;
        /// Numbers that give the colour: one for each trial, [trials, time], or a vector for each
        /// trial in a list.
        values: Option<Trials> = None;
        /// The colours of these numbers.
        map: ColourMap = ColourMap::Viridis;
        /// What stands at the colour bar.
        values_label: String = "".into();
        /// A colour for all trajectories, as in `plot::lines`.
        colour: Option<String> = None;
        /// Thickness in pixels.
        width: f64 = 1.2, in Span::above(0.0);
        /// How lines are broken up.
        dash: Dash = Dash::Solid;
        /// 1 for ink, 0 for glass.
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// The name in the legend.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `scene::points`.
    pub struct PointOptions for "scene::points" {
        /// One number for each point, shown by its colour.
        values: Option<Tensor> = None;
        /// The colours of these numbers.
        map: ColourMap = ColourMap::Viridis;
        /// What stands at the colour bar.
        values_label: String = "".into();
        /// A colour for all points, as in `plot::lines`.
        colour: Option<String> = None;
        /// Diameter in pixels.
        size: f64 = 7.0, in Span::above(0.0);
        /// The diameter of each point, where they differ.
        sizes: Option<Tensor> = None;
        /// 1 for ink, 0 for glass.
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// The shape of a point: dot, square, triangle, diamond, cross, plus or ring.
        marker: Option<String> = None;
        /// The name in the legend.
        label: Option<String> = None;
    }
}

options! {
    /// Options of `scene::arrows`.
    pub struct ArrowOptions for "scene::arrows" {
        /// One number for each arrow, shown by its colour.
        values: Option<Tensor> = None;
        /// The colours of these numbers.
        map: ColourMap = ColourMap::Viridis;
        /// What stands at the colour bar.
        values_label: String = "".into();
        /// A colour for all arrows, as in `plot::lines`.
        colour: Option<String> = None;
        /// Whether each ends in a head; without it they are lines.
        head: bool = true;
        /// Thickness in pixels.
        width: f64 = 1.2, in Span::above(0.0);
        /// How lines are broken up.
        dash: Dash = Dash::Solid;
        /// 1 for ink, 0 for glass.
        opacity: f64 = 1.0, in Span::between(0.0, 1.0);
        /// The name in the legend.
        label: Option<String> = None;
    }
}

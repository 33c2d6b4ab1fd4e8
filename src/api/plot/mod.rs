//! The script module `plot`: figures in two dimensions.
//!
//! A figure is a value: a method returns a modified copy and leaves the original unchanged.

mod data;
pub mod io;
mod object;
mod options;
pub mod scene;

use std::rc::Rc;

use super::convert::{ExactTensor, New};
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::Value;
use crate::base::{Error, Result};
use crate::figure::{
    Annotation, Band, Bars, Figure, Heatmap, Layer, Legend, Line, Panel, ReferenceLine, Scatter,
    Side, Stem,
};
use data::{
    complex_parts, index_values, parse_colour, parse_limits, parse_marker, parse_texts, set_labels,
    to_curves, to_grid, to_heatmap, to_stroke, vector_values,
};
pub use object::{Plot, as_figure};
use options::{
    GridOptions, HeatOptions, HistogramOptions, LinesOptions, ScatterOptions, StemOptions,
};

crate::natives! {
    /// Figures: lines, points, heatmaps and grids of them, saved as PNG or SVG.
    module "plot";

    /// Lines over a common x: a vector is one line; a matrix [lines, points] or a list of vectors
    /// is several.
    ///
    /// > plot::lines([[1, 3, 2], [2, 1, 1]], #{ labels: ["one", "two"] })
    /// = figure [1, 1], 2 layers
    fn lines(y: Value, options: CallOptions<LinesOptions>) -> New<Plot> {
        let curves = to_curves("plot::lines", y)?;
        let width_opacity = [options.width, options.opacity];
        let stroke = to_stroke("plot::lines", &options.colour, width_opacity, options.dash)?;
        let marker = parse_marker("plot::lines", &options.marker)?;
        let x = options.x.as_ref().map(|x| vector_values("plot::lines", "x", x)).transpose()?;
        let line = |y: Vec<f64>| Layer::Line(Line {
            x: x.clone().unwrap_or_else(|| index_values(y.len())),
            stroke, marker, ..Line::new(Vec::new(), y)
        });
        let layers = curves.into_iter().map(line).collect();
        let mut panel = Panel { layers, ..Panel::default() };
        if let Some(labels) = &options.labels {
            set_labels("plot::lines", &mut panel, parse_texts("plot::lines", labels)?)?;
        }
        to_figure(panel)
    }

    /// A scatter plot of points at x and y, optionally coloured by `values`.
    ///
    /// > plot::scatter([1, 2, 3], [2, 1, 2], #{ values: [0.1, 0.5, 0.9] })
    /// = figure [1, 1], 1 layer
    fn scatter(x: ExactTensor, y: ExactTensor, options: CallOptions<ScatterOptions>) -> New<Plot> {
        let of = "plot::scatter";
        let values = options.values.as_ref().map(|v| vector_values(of, "values", v)).transpose()?;
        let scatter = Scatter {
            values,
            marker: parse_marker(of, &options.marker)?.unwrap_or_default(),
            size: options.size,
            colour: parse_colour(of, &options.colour)?,
            opacity: options.opacity,
            label: options.label.clone(),
            ..Scatter::new(vector_values(of, "x", &x)?, vector_values(of, "y", &y)?)
        };
        let mut panel = Panel::from_layer(Layer::Scatter(scatter));
        panel.colour.map = options.map;
        to_figure(panel)
    }

    /// A stem plot: a vertical line with a marker for each element of y.
    ///
    /// > plot::stem([1, 0.5, 0.25]).x_label("lag")
    /// = figure [1, 1], 1 layer
    fn stem(y: ExactTensor, options: CallOptions<StemOptions>) -> New<Plot> {
        let y = vector_values("plot::stem", "y", &y)?;
        let x = options.x.as_ref().map(|x| vector_values("plot::stem", "x", x)).transpose()?;
        to_figure(Panel::from_layer(Layer::Stem(Stem {
            colour: parse_colour("plot::stem", &options.colour)?,
            label: options.label.clone(),
            ..Stem::new(x.unwrap_or_else(|| index_values(y.len())), y)
        })))
    }

    /// A histogram of the elements of a tensor of any shape.
    ///
    /// > plot::histogram([1, 2, 2, 3, 3, 3], #{ bins: 3 })
    /// = figure [1, 1], 1 layer
    fn histogram(data: ExactTensor, options: CallOptions<HistogramOptions>) -> New<Plot> {
        let data = data.flatten_all()?;
        let data = vector_values("plot::histogram", "data", &data)?;
        let mut panel = Panel::histogram(&data, options.bins);
        panel.layers = vec![Layer::Bars(Bars {
            colour: parse_colour("plot::histogram", &options.colour)?,
            label: options.label.clone(),
            ..Bars::histogram(&data, options.bins)
        })];
        to_figure(panel)
    }

    /// A heatmap of a matrix [rows, columns], with row 0 at the top, stretched to the axes.
    ///
    /// > plot::heatmap([[1, 2], [3, 4]], #{ colour_label: "rate", x: [0, 0.5] })
    /// = figure [1, 1], 1 layer
    fn heatmap(values: ExactTensor, options: CallOptions<HeatOptions>) -> New<Plot> {
        let heatmap = to_heatmap("plot::heatmap", &values)?;
        heatmap_figure("plot::heatmap", Panel::heatmap(heatmap), &options)
    }

    /// A heatmap with square cells, row 0 at the top, and a diverging colour map centred at zero.
    ///
    /// > plot::image([[1, -1], [0, 2]]).title("W_{rec}")
    /// = figure [1, 1], 1 layer
    fn image(values: ExactTensor, options: CallOptions<HeatOptions>) -> New<Plot> {
        let heatmap = to_heatmap("plot::image", &values)?;
        heatmap_figure("plot::image", Panel::image(heatmap), &options)
    }

    /// Eigenvalues of a discrete-time system with the unit circle.
    ///
    /// `values` is a matrix [n, 2] of real and imaginary parts, or a map with `re` and `im`.
    /// Eigenvalues outside the circle are highlighted.
    ///
    /// > plot::eigenvalues([[0.9, 0.1], [0.9, -0.1], [1.1, 0]])
    /// = figure [1, 1], 5 layers
    fn eigenvalues(values: Value) -> New<Plot> {
        let (re, im) = complex_parts("plot::eigenvalues", values)?;
        to_figure(Panel::eigenvalues(&re, &im))
    }

    /// One page with several figures: a list of rows, or a flat list split into rows of `columns`.
    ///
    /// > plot::grid([plot::lines([1, 2]), plot::stem([2, 1])], #{ columns: 2 })
    /// = figure [1, 2], 2 layers
    fn grid(figures: Vec<Value>, options: CallOptions<GridOptions>) -> New<Plot> {
        Ok(New(Plot(to_grid(figures, options.columns)?)))
    }

    /// The figure with a title; for a grid, the title of the page.
    ///
    /// > plot::lines([1, 2]).title("training")
    /// = figure [1, 1], 1 layer
    fn title(this: Rc<Plot>, text: String) -> New<Plot> {
        let mut plot = Rc::unwrap_or_clone(this);
        match plot.0.panels.as_mut_slice() {
            [panel] => panel.title = text,
            _ => plot.0.title = text,
        }
        Ok(New(plot))
    }

    /// The figure with a label for its x axis. `^{..}` and `_{..}` are superscripts and subscripts.
    ///
    /// > plot::lines([1, 2]).x_label("time (s)")
    /// = figure [1, 1], 1 layer
    fn x_label(this: Rc<Plot>, text: String) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.x.label = text.clone()))
    }

    /// The figure with a label for its y axis. `^{..}` and `_{..}` are superscripts and subscripts.
    ///
    /// > plot::lines([1, 2]).y_label("rate (s^{-1})")
    /// = figure [1, 1], 1 layer
    fn y_label(this: Rc<Plot>, text: String) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.y.label = text.clone()))
    }

    /// The figure with a label for its colour bar.
    ///
    /// > plot::image([[1, -1]]).colour_label("weight")
    /// = figure [1, 1], 1 layer
    fn colour_label(this: Rc<Plot>, text: String) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.colour.label = text.clone()))
    }

    /// The figure with a logarithmic x axis; values that are not positive leave a gap.
    ///
    /// > plot::lines([1, 10], #{ x: [1, 100] }).log_x()
    /// = figure [1, 1], 1 layer
    fn log_x(this: Rc<Plot>) -> New<Plot> { Ok(map_panels(this, |panel| panel.x.log = true)) }

    /// The figure with a logarithmic y axis; values that are not positive leave a gap.
    ///
    /// > plot::lines([0.1, 0.01]).log_y()
    /// = figure [1, 1], 1 layer
    fn log_y(this: Rc<Plot>) -> New<Plot> { Ok(map_panels(this, |panel| panel.y.log = true)) }

    /// The figure with an x axis from `low` to `high`.
    ///
    /// > plot::lines([1, 2]).x_limits(0, 10)
    /// = figure [1, 1], 1 layer
    fn x_limits(this: Rc<Plot>, low: f64, high: f64) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.x.limits = Some([low, high])))
    }

    /// The figure with a y axis from `low` to `high`.
    ///
    /// > plot::lines([1, 2]).y_limits(0, 3)
    /// = figure [1, 1], 1 layer
    fn y_limits(this: Rc<Plot>, low: f64, high: f64) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.y.limits = Some([low, high])))
    }

    /// The figure with a colour bar from `low` to `high`.
    ///
    /// > plot::image([[0.2, 0.7]]).colour_limits(0, 1)
    /// = figure [1, 1], 1 layer
    fn colour_limits(this: Rc<Plot>, low: f64, high: f64) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.colour.limits = Some([low, high])))
    }

    /// The figure with a legend that labels its layers in order.
    ///
    /// > plot::lines([[1, 2], [2, 1]]).legend(["up", "down"])
    /// = figure [1, 1], 2 layers
    fn legend(this: Rc<Plot>, labels: Vec<Value>) -> New<Plot> {
        let labels = parse_texts("figure.legend", &labels)?;
        let mut plot = Rc::unwrap_or_clone(this);
        set_labels("figure.legend", single_panel(&mut plot, "figure.legend")?, labels)?;
        Ok(New(plot))
    }

    /// The figure with its legend outside the axes.
    ///
    /// > plot::lines([1, 2], #{ labels: ["up"] }).legend_outside()
    /// = figure [1, 1], 1 layer
    fn legend_outside(this: Rc<Plot>) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.legend = Legend::Outside))
    }

    /// The figure with equal scales of the x and y axes.
    ///
    /// > plot::scatter([0, 1], [1, 0]).equal_aspect()
    /// = figure [1, 1], 1 layer
    fn equal_aspect(this: Rc<Plot>) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.equal_aspect = true))
    }

    /// The figure with axes of the given width and height, in pixels of 1/96 inch.
    ///
    /// > plot::lines([1, 2]).size(600, 200)
    /// = figure [1, 1], 1 layer
    fn size(this: Rc<Plot>, width: f64, height: f64) -> New<Plot> {
        let mut plot = Rc::unwrap_or_clone(this);
        plot.0.size = [width, height];
        Ok(New(plot))
    }

    /// The figure with a vertical reference line at `x`.
    ///
    /// > plot::lines([1, 2]).vline(0.5)
    /// = figure [1, 1], 2 layers
    fn vline(this: Rc<Plot>, x: f64) -> New<Plot> {
        let line = ReferenceLine::new(Side::X, x);
        Ok(map_panels(this, |panel| panel.layers.push(Layer::ReferenceLine(line.clone()))))
    }

    /// The figure with a horizontal reference line at `y`.
    ///
    /// > plot::lines([1, 2]).hline(0)
    /// = figure [1, 1], 2 layers
    fn hline(this: Rc<Plot>, y: f64) -> New<Plot> {
        let line = ReferenceLine::new(Side::Y, y);
        Ok(map_panels(this, |panel| panel.layers.push(Layer::ReferenceLine(line.clone()))))
    }

    /// The figure with a text annotation that starts at the point (x, y).
    ///
    /// > plot::lines([1, 2]).annotate(0.2, 1.8, "start")
    /// = figure [1, 1], 2 layers
    fn annotate(this: Rc<Plot>, x: f64, y: f64, text: String) -> New<Plot> {
        let annotation = Annotation { at: [x, y], text, colour: None };
        Ok(map_panels(this, |panel| panel.layers.push(Layer::Annotation(annotation.clone()))))
    }

    /// The figure with a shaded band between two curves, drawn behind it, as for a mean and
    /// standard deviation.
    ///
    /// > plot::lines([1, 2]).band([0, 1], [0.5, 1.5], [1.5, 2.5])
    /// = figure [1, 1], 2 layers
    fn band(this: Rc<Plot>, x: ExactTensor, low: ExactTensor, high: ExactTensor) -> New<Plot> {
        let of = "figure.band";
        let ribbon = Band {
            x: vector_values(of, "x", &x)?,
            low: vector_values(of, "low", &low)?,
            high: vector_values(of, "high", &high)?,
            colour: crate::figure::Rgb::parse("blue"),
            label: None,
        };
        let plot = map_panels(this, |panel| panel.layers.insert(0, Layer::Band(ribbon.clone())));
        plot.0.0.validate()?;
        Ok(plot)
    }

    /// A figure with the layers of both figures in one set of axes; those of `other` are on top.
    ///
    /// The colour map is that of the first figure with values.
    ///
    /// > plot::lines([1, 2]).add(plot::scatter([0, 1], [1, 2]))
    /// = figure [1, 1], 2 layers
    fn add(this: Rc<Plot>, other: Rc<Plot>) -> New<Plot> {
        let (mut plot, mut other) = (Rc::unwrap_or_clone(this), Rc::unwrap_or_clone(other));
        let other = std::mem::take(single_panel(&mut other, "figure.add")?);
        let panel = single_panel(&mut plot, "figure.add")?;
        if !panel.layers.iter().any(|layer| layer.values().is_some()) {
            panel.colour = other.colour;
        }
        panel.layers.extend(other.layers);
        plot.0.validate()?;
        Ok(New(plot))
    }
}

/// A figure with one panel.
///
/// Errors: the arrays of a layer do not have matching sizes
fn to_figure(panel: Panel) -> Result<New<Plot>, Diagnostic> {
    let figure = Figure::from(panel);
    figure.validate()?;
    Ok(New(Plot(figure)))
}

/// The figure of a heatmap with its options.
fn heatmap_figure(
    of: &str,
    mut panel: Panel,
    options: &CallOptions<HeatOptions>,
) -> Result<New<Plot>, Diagnostic> {
    if options.is_set("map") {
        panel.colour.map = options.map;
    }
    panel.colour.symmetric |= options.symmetric;
    panel.colour.label = options.colour_label.clone();
    panel.colour.hidden = !options.bar;
    panel.colour.limits = parse_limits(of, "colour_limits", &options.colour_limits)?;
    let (x, y) = (
        parse_limits(of, "x", &options.x)?,
        parse_limits(of, "y", &options.y)?,
    );
    for layer in &mut panel.layers {
        if let Layer::Heatmap(heatmap) = layer {
            *heatmap = Heatmap {
                x: x.unwrap_or(heatmap.x),
                y: y.unwrap_or(heatmap.y),
                ..heatmap.clone()
            };
        }
    }
    to_figure(panel)
}

/// The figure with a change of each panel that has layers.
fn map_panels(this: Rc<Plot>, change: impl Fn(&mut Panel)) -> New<Plot> {
    let mut plot = Rc::unwrap_or_clone(this);
    let panels = plot.0.panels.iter_mut().filter(|p| !p.layers.is_empty());
    panels.for_each(change);
    New(plot)
}

/// The only panel of a figure.
///
/// Errors: `Kind` for a grid of figures
fn single_panel<'a>(plot: &'a mut Plot, of: &str) -> Result<&'a mut Panel> {
    let count = plot.0.panels.len();
    match plot.0.panels.as_mut_slice() {
        [panel] => Ok(panel),
        _ => Err(Error::Kind {
            of: of.into(),
            expected: "a figure with one panel".into(),
            found: format!("a grid of {count}"),
        }),
    }
}

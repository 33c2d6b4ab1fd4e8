//! The script module `scene`: figures in three dimensions.

use std::rc::Rc;

use super::data::{parse_colour, parse_marker, parse_texts, points_3d, to_stroke, vector_values};
use super::object::Plot;
use super::options::{ArrowOptions, By, PathOptions, PointOptions};
use super::{map_panels, to_figure};
use crate::api::convert::{ExactTensor, New};
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::shape_error::shape_error;
use crate::api::trials::Trials;
use crate::api::value::Value;
use crate::base::{Error, Result};
use crate::figure::{Arrows, Camera, ColourMap, Labels, Layer, Panel, Paths, Point3, Points};
use crate::tensor::Tensor;
use crate::tensor::convert::to_f64;

crate::natives! {
    /// Figures in three dimensions: trajectories, points and arrows, which `add` combines in one
    /// set of axes. `pca::fit` projects the states of a network to three dimensions. Titles,
    /// labels, legends, grids and files work as for all figures.
    module "scene";

    /// Curves through points [time, 3], or one curve per trial of [trials, time, 3].
    ///
    /// A list of [time, 3] is also accepted, for trials of different lengths.
    ///
    /// > let t = arange(0, 100) / 10.0;
    /// > let helix = stack([t.cos(), t.sin(), t], 1);
    /// > let trials = [helix, helix.slice(0, 0, 30) * 0.5];
    /// > scene::trajectories(trials, #{ by: "time" }).z_label("time (s)")
    /// = figure [1, 1], 1 layer
    fn trajectories(states: Trials, options: CallOptions<PathOptions>) -> New<Plot> {
        let of = "scene::trajectories";
        let (points, lengths) = trajectory_points(of, &states)?;
        let values = path_values(of, &options, &lengths)?;
        let ends = lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        let paths = Paths {
            at: points,
            ends: ends.collect(),
            values,
            stroke: to_stroke(of, &options.colour, [options.width, options.opacity], options.dash)?,
            label: options.label.clone(),
        };
        scene_figure(Layer::Paths(paths), options.map, &options.colour_label)
    }

    /// A scatter plot of points [.., 3].
    ///
    /// > scene::points([[0, 0, 0], [1, 1, 0], [1, 0, 1]], #{ values: [0.1, 0.5, 0.9] })
    /// = figure [1, 1], 1 layer
    fn points(at: ExactTensor, options: CallOptions<PointOptions>) -> New<Plot> {
        let of = "scene::points";
        let column = |what, tensor: &Option<Tensor>| {
            tensor.as_ref().map(|v| vector_values(of, what, v)).transpose()
        };
        let points = Points {
            values: column("values", &options.values)?,
            marker: parse_marker(of, &options.marker)?.unwrap_or_default(),
            size: options.size,
            sizes: column("sizes", &options.sizes)?,
            colour: parse_colour(of, &options.colour)?,
            opacity: options.opacity,
            label: options.label.clone(),
            ..Points::new(points_3d(of, "points", &at)?)
        };
        scene_figure(Layer::Points(points), options.map, &options.colour_label)
    }

    /// Arrows from each point of `from` [.., 3] to the corresponding point of `to` [.., 3].
    ///
    /// > scene::arrows([[0, 0, 0]], [[1, 1, 1]]).camera(-30, 20)
    /// = figure [1, 1], 1 layer
    fn arrows(from: ExactTensor, to: ExactTensor, options: CallOptions<ArrowOptions>) -> New<Plot> {
        let of = "scene::arrows";
        let values = options.values.as_ref().map(|v| vector_values(of, "values", v)).transpose()?;
        let arrows = Arrows {
            from: points_3d(of, "from", &from)?,
            to: points_3d(of, "to", &to)?,
            values,
            head: options.head,
            stroke: to_stroke(of, &options.colour, [options.width, options.opacity], options.dash)?,
            label: options.label.clone(),
        };
        scene_figure(Layer::Arrows(arrows), options.map, &options.colour_label)
    }

    /// Text labels at points [.., 3], one string per point.
    ///
    /// > scene::points([[0, 0, 0]]).add(scene::labels([[0, 0, 0]], ["saddle"]))
    /// = figure [1, 1], 2 layers
    fn labels(at: ExactTensor, texts: Vec<Value>) -> New<Plot> {
        let of = "scene::labels";
        let labels = Labels {
            at: points_3d(of, "points", &at)?,
            texts: parse_texts(of, &texts)?,
            colour: None,
        };
        scene_figure(Layer::Labels(labels), ColourMap::default(), "")
    }

    /// The figure with the given camera angles, in degrees.
    ///
    /// `azimuth` is the rotation about the vertical axis, from x towards y, and `elevation` the
    /// angle above the horizontal plane. The defaults are -60 and 22.
    ///
    /// > scene::points([[0, 0, 0], [1, 1, 1]]).camera(20, 45)
    /// = figure [1, 1], 1 layer
    fn camera(this: Rc<Plot>, azimuth: f64, elevation: f64) -> New<Plot> {
        let camera = Some(Camera { azimuth, elevation });
        let plot = map_panels(this, |panel| panel.camera = camera);
        plot.0.0.validate()?;
        Ok(plot)
    }

    /// The figure with a label for its z axis. `^{..}` and `_{..}` are superscripts and subscripts.
    ///
    /// > scene::points([[0, 0, 0], [1, 1, 1]]).z_label("time (s)")
    /// = figure [1, 1], 1 layer
    fn z_label(this: Rc<Plot>, text: String) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.z.label = text.clone()))
    }

    /// The figure with a logarithmic z axis; values that are not positive leave a gap.
    ///
    /// > scene::points([[0, 0, 1], [1, 1, 100]]).log_z()
    /// = figure [1, 1], 1 layer
    fn log_z(this: Rc<Plot>) -> New<Plot> { Ok(map_panels(this, |panel| panel.z.log = true)) }

    /// The figure with a z axis from `low` to `high`.
    ///
    /// > scene::points([[0, 0, 0], [1, 1, 1]]).z_limits(0, 2)
    /// = figure [1, 1], 1 layer
    fn z_limits(this: Rc<Plot>, low: f64, high: f64) -> New<Plot> {
        Ok(map_panels(this, |panel| panel.z.limits = Some([low, high])))
    }
}

/// A three-dimensional figure with one layer.
fn scene_figure(layer: Layer, map: ColourMap, colour_label: &str) -> Result<New<Plot>, Diagnostic> {
    let mut panel = Panel::from_layer(layer);
    panel.camera = Some(Camera::default());
    panel.colour.map = map;
    panel.colour.label = colour_label.into();
    to_figure(panel)
}

/// The points of all trials, concatenated, and the number of points of each trial.
///
/// Errors: `Shape` for trials that are not [time, 3]
fn trajectory_points(of: &'static str, states: &Trials) -> Result<(Vec<Point3>, Vec<usize>)> {
    match states {
        Trials::Stacked(tensor) => {
            let lengths = match *tensor.dims() {
                [steps, _] => vec![steps],
                [trials, steps, _] => vec![steps; trials],
                _ => {
                    return Err(shape_error(
                        of,
                        "states",
                        "[time, 3] or [trials, time, 3]",
                        tensor,
                    ));
                }
            };
            Ok((points_3d(of, "states", tensor)?, lengths))
        }
        Trials::Separate(trials) => {
            let (mut at, mut lengths) = (Vec::new(), Vec::new());
            for trial in trials {
                if trial.rank() != 2 {
                    return Err(shape_error(of, "one trial of the list", "[time, 3]", trial));
                }
                at.extend(points_3d(of, "one trial of the list", trial)?);
                lengths.push(trial.dims()[0]);
            }
            Ok((at, lengths))
        }
    }
}

/// The values that colour the curves: one for each point of each trial.
///
/// Errors: `Kind` for both `values` and `by`; `Shape` if the number of values does not match
fn path_values(
    of: &'static str,
    options: &PathOptions,
    lengths: &[usize],
) -> Result<Option<Vec<f64>>> {
    match (&options.values, options.by) {
        (Some(_), By::Time | By::Trial) => Err(Error::Kind {
            of: of.into(),
            expected: "`values` or `by`".into(),
            found: "both".into(),
        }),
        (None, By::Layer) => Ok(None),
        (None, By::Time) => Ok(Some(values_per_step(lengths, |_, step| step as f64))),
        (None, By::Trial) => Ok(Some(values_per_step(lengths, |trial, _| trial as f64))),
        (Some(Trials::Separate(values)), By::Layer) => list_values(of, values, lengths).map(Some),
        (Some(Trials::Stacked(values)), By::Layer) => tensor_values(of, values, lengths).map(Some),
    }
}

/// One value per time step of each trial, concatenated over trials.
fn values_per_step(lengths: &[usize], value: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let trials = lengths.iter().enumerate();
    let steps = trials.flat_map(|(trial, steps)| (0..*steps).map(move |step| (trial, step)));
    steps.map(|(trial, step)| value(trial, step)).collect()
}

/// The values of a list with one vector per trial, concatenated.
///
/// Errors: `Shape` if the list or a vector has the wrong length
fn list_values(of: &'static str, values: &[Tensor], lengths: &[usize]) -> Result<Vec<f64>> {
    let list_error = |what, expected, found: &[usize]| Error::Shape {
        op: of,
        what,
        expected,
        found: found.to_vec(),
    };
    if values.len() != lengths.len() {
        let expected = format!("[{}], one vector per trial", lengths.len());
        return Err(list_error("values", expected, &[values.len()]));
    }
    let mut concatenated = Vec::new();
    for (values, steps) in values.iter().zip(lengths) {
        if values.dims() != [*steps] {
            let expected = format!("[{steps}], one per time step");
            return Err(list_error("values of one trial", expected, values.dims()));
        }
        concatenated.extend(to_f64(values)?);
    }
    Ok(concatenated)
}

/// The values of a tensor with one value per trial or per time step, as one value per time step.
///
/// Errors: `Shape` if the shape does not match the trials
fn tensor_values(of: &'static str, values: &Tensor, lengths: &[usize]) -> Result<Vec<f64>> {
    let flat = to_f64(&values.flatten_all()?)?;
    let (trials, steps) = (lengths.len(), lengths.first().copied().unwrap_or(0));
    let equal = lengths.iter().all(|length| *length == steps);
    match values.dims() {
        [n] if *n == trials && (trials > 1 || steps == 1) => {
            Ok(values_per_step(lengths, |trial, _| flat[trial]))
        }
        [n] if *n == steps && trials == 1 => Ok(flat),
        [b, t] if equal && [*b, *t] == [trials, steps] => Ok(flat),
        found => Err(Error::Shape {
            op: of,
            what: "values",
            expected: match (trials, equal) {
                (1, _) => format!("[{steps}], one per time step"),
                (_, true) => format!("[{trials}], one per trial, or [{trials}, {steps}]"),
                (_, false) => format!("[{trials}], one per trial, or a list of vectors"),
            },
            found: found.to_vec(),
        }),
    }
}

//! Validation of a figure before it is drawn.

use super::{Axis, Camera, Figure, Layer, Panel, Paths, Points};
use crate::base::{Error, Result};

/// Largest size of a panel, in pixels per side; larger values are input errors.
const MAX_SIZE: f64 = 20_000.0;

impl Figure {
    /// Checks that the figure can be drawn.
    ///
    /// Errors: `Shapes` and `Shape` for arrays of different lengths; `Range` for invalid limits and
    /// sizes; `Kind` for a heatmap on a log axis, and for a flat layer in a three-dimensional panel
    /// or the reverse
    pub fn validate(&self) -> Result<()> {
        if self.panels.len() != self.rows * self.columns || self.panels.is_empty() {
            return Err(Error::Shape {
                op: "figure",
                what: "panels",
                expected: format!("[{} * {}], at least one", self.rows, self.columns),
                found: vec![self.panels.len()],
            });
        }
        for size in self.size {
            if !(20.0..=MAX_SIZE).contains(&size) {
                return Err(range("size", "from 20 to 20000 pixels", size));
            }
        }
        self.panels.iter().try_for_each(panel)
    }
}

fn panel(panel: &Panel) -> Result<()> {
    for of in [&panel.x, &panel.y, &panel.z] {
        axis(of)?;
    }
    if let Some(camera) = panel.camera {
        camera_angles(camera)?;
    }
    if let Some(limits) = panel.colour.limits {
        limits_differ(limits)?;
    }
    for layer in &panel.layers {
        layer_arrays(layer)?;
        if layer.is_3d() != panel.camera.is_some() {
            let kinds = ["a panel in two dimensions", "a panel in three dimensions"];
            let at = usize::from(panel.camera.is_some());
            return Err(Error::Kind {
                of: kinds[at].into(),
                expected: format!("layers in {} dimensions", ["two", "three"][at]),
                found: format!("one in {}", ["three", "two"][at]),
            });
        }
        let cells = matches!(layer, Layer::Heatmap(_));
        if cells && (panel.x.log || panel.y.log) {
            return Err(Error::Kind {
                of: "log axis".into(),
                expected: "lines, points or bars".into(),
                found: "a heatmap".into(),
            });
        }
    }
    Ok(())
}

fn camera_angles(camera: Camera) -> Result<()> {
    let angles = [
        ("azimuth", camera.azimuth, 360.0),
        ("elevation", camera.elevation, 90.0),
    ];
    for (name, angle, most) in angles {
        if !(-most..=most).contains(&angle) {
            return Err(range(
                name,
                &format!("from -{most} to {most} degrees"),
                angle,
            ));
        }
    }
    Ok(())
}

fn axis(axis: &Axis) -> Result<()> {
    let Some(limits) = axis.limits else {
        return Ok(());
    };
    limits_differ(limits)?;
    match limits.iter().find(|v| axis.log && **v <= 0.0) {
        Some(v) => Err(range("limits", "above 0 on a log axis", *v)),
        None => Ok(()),
    }
}

fn limits_differ(limits: [f64; 2]) -> Result<()> {
    if let Some(v) = limits.iter().find(|v| !v.is_finite()) {
        return Err(range("limits", "of two finite numbers", *v));
    }
    if limits[0] == limits[1] {
        return Err(range("limits", "of two different values", limits[0]));
    }
    Ok(())
}

fn range(name: &str, expected: &str, found: f64) -> Error {
    Error::Range {
        of: "figure".into(),
        name: name.into(),
        expected: expected.into(),
        found: found.to_string(),
    }
}

fn layer_arrays(layer: &Layer) -> Result<()> {
    match layer {
        Layer::Line(l) => same_length("lines", &l.x, &l.y),
        Layer::Stem(l) => same_length("stem", &l.x, &l.y),
        Layer::Scatter(l) => {
            same_length("scatter", &l.x, &l.y)?;
            l.values
                .as_ref()
                .map_or(Ok(()), |values| same_length("scatter", &l.x, values))
        }
        Layer::Band(l) => {
            same_length("ribbon", &l.x, &l.low)?;
            same_length("ribbon", &l.x, &l.high)
        }
        Layer::Bars(l) if l.edges.len() != l.heights.len() + 1 => Err(Error::Shape {
            op: "bars",
            what: "edges",
            expected: format!("[{}], one more than heights", l.heights.len() + 1),
            found: vec![l.edges.len()],
        }),
        Layer::Heatmap(l) if l.values.is_empty() || l.values.len() != l.rows * l.columns => {
            Err(Error::Shape {
                op: "heatmap",
                what: "values",
                expected: "[rows, columns], at least one of each".into(),
                found: vec![l.rows, l.columns],
            })
        }
        Layer::Paths(l) => paths(l),
        Layer::Points(l) => points(l),
        Layer::Arrows(l) => {
            same_length("arrows", &l.from, &l.to)?;
            optional_values("arrows", &l.from, &l.values)
        }
        Layer::Labels(l) => same_length("labels", &l.at, &l.texts),
        _ => Ok(()),
    }
}

fn paths(paths: &Paths) -> Result<()> {
    let Paths {
        at, ends, values, ..
    } = paths;
    optional_values("trajectories", at, values)?;
    if ends.is_sorted() && ends.last().copied().unwrap_or(0) == at.len() {
        return Ok(());
    }
    Err(Error::Shape {
        op: "trajectories",
        what: "ends",
        expected: format!("ascending up to {}", at.len()),
        found: ends.clone(),
    })
}

fn points(points: &Points) -> Result<()> {
    optional_values("points", &points.at, &points.values)?;
    optional_values("points", &points.at, &points.sizes)?;
    let mut sizes = points.sizes.iter().flatten().chain([&points.size]);
    match sizes.find(|size| !(size.is_finite() && **size > 0.0)) {
        Some(size) => Err(range("size", "of a point above 0", *size)),
        None => Ok(()),
    }
}

fn optional_values<A>(op: &'static str, at: &[A], values: &Option<Vec<f64>>) -> Result<()> {
    values
        .as_ref()
        .map_or(Ok(()), |values| same_length(op, at, values))
}

fn same_length<A, B>(op: &'static str, x: &[A], y: &[B]) -> Result<()> {
    if x.len() == y.len() {
        return Ok(());
    }
    Err(Error::Shapes {
        op,
        left: vec![x.len()],
        right: vec![y.len()],
    })
}

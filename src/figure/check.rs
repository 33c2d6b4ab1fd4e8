//! What a figure must fulfil before it is drawn.

use super::{Axis, Figure, Layer, Panel};
use crate::base::{Error, Result};

/// The largest page, in pixels along one side: more is a mistake in a number.
const LARGEST: f64 = 20_000.0;

/// Errors: `Shapes` and `Shape` for arrays that do not go together, `Range` for limits and sizes,
/// `Kind` for a heatmap on a log axis.
pub fn figure(figure: &Figure) -> Result<()> {
    if figure.panels.len() != figure.rows * figure.columns || figure.panels.is_empty() {
        return Err(Error::Shape {
            op: "figure",
            what: "panels",
            expected: format!("[{} * {}], at least one", figure.rows, figure.columns),
            found: vec![figure.panels.len()],
        });
    }
    for size in figure.size {
        if !(20.0..=LARGEST).contains(&size) {
            return Err(range("size", "from 20 to 20000 pixels", size));
        }
    }
    figure.panels.iter().try_for_each(panel)
}

fn panel(panel: &Panel) -> Result<()> {
    axis(&panel.x)?;
    axis(&panel.y)?;
    if let Some(limits) = panel.colour.limits {
        different(limits)?;
    }
    for layer in &panel.layers {
        lengths(layer)?;
        let cells = matches!(layer, Layer::Cells(_));
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

fn axis(axis: &Axis) -> Result<()> {
    let Some(limits) = axis.limits else {
        return Ok(());
    };
    different(limits)?;
    match limits.iter().find(|v| axis.log && **v <= 0.0) {
        Some(v) => Err(range("limits", "above 0 on a log axis", *v)),
        None => Ok(()),
    }
}

fn different(limits: [f64; 2]) -> Result<()> {
    if let Some(v) = limits.iter().find(|v| !v.is_finite()) {
        return Err(range("limits", "of two finite numbers", *v));
    }
    if limits[0] == limits[1] {
        return Err(range("limits", "of two different numbers", limits[0]));
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

fn lengths(layer: &Layer) -> Result<()> {
    match layer {
        Layer::Line(l) => same("lines", &l.x, &l.y),
        Layer::Stem(l) => same("stem", &l.x, &l.y),
        Layer::Scatter(l) => {
            same("scatter", &l.x, &l.y)?;
            match &l.values {
                Some(values) => same("scatter", &l.x, values),
                None => Ok(()),
            }
        }
        Layer::Ribbon(l) => {
            same("ribbon", &l.x, &l.low)?;
            same("ribbon", &l.x, &l.high)
        }
        Layer::Bars(l) if l.edges.len() != l.heights.len() + 1 => Err(Error::Shape {
            op: "bars",
            what: "edges",
            expected: format!("[{}], one more than heights", l.heights.len() + 1),
            found: vec![l.edges.len()],
        }),
        Layer::Cells(l) if l.values.is_empty() || l.values.len() != l.rows * l.columns => {
            Err(Error::Shape {
                op: "heatmap",
                what: "values",
                expected: "[rows, columns], at least one of each".into(),
                found: vec![l.rows, l.columns],
            })
        }
        _ => Ok(()),
    }
}

fn same(op: &'static str, x: &[f64], y: &[f64]) -> Result<()> {
    if x.len() == y.len() {
        return Ok(());
    }
    Err(Error::Shapes {
        op,
        left: vec![x.len()],
        right: vec![y.len()],
    })
}

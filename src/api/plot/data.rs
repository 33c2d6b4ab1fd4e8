//! Conversion of script values to the data of figures.

use super::object::Plot;
use crate::api::convert::{as_number, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::display::count_text;
use crate::api::shape_error::shape_error;
use crate::api::value::{Map, Value};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::figure::{Dash, Figure, Heatmap, Layer, Marker, Panel, Point3, Rgb, Stroke};
use crate::tensor::{DType, Tensor, convert};

/// The values 0, 1, 2, ..., count - 1.
pub fn index_values(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64).collect()
}

/// The elements of a vector; axes of size 1 are ignored.
///
/// Errors: `Shape` for a tensor with more than one axis of another size
pub fn vector_values(op: &'static str, what: &'static str, tensor: &Tensor) -> Result<Vec<f64>> {
    if tensor.dims().iter().filter(|n| **n != 1).count() > 1 {
        return Err(shape_error(op, what, "[points]", tensor));
    }
    convert::to_f64(tensor)
}

/// Points in three dimensions; leading axes are flattened.
///
/// Errors: `Shape` unless the last axis has size 3
pub fn points_3d(op: &'static str, what: &'static str, tensor: &Tensor) -> Result<Vec<Point3>> {
    if tensor.dims().last() != Some(&3) {
        return Err(shape_error(op, what, "[.., 3]", tensor));
    }
    let flat = convert::to_f64(&tensor.flatten_all()?)?;
    let (points, _) = flat.as_chunks::<3>();
    Ok(points.to_vec())
}

/// A matrix as a heatmap.
///
/// Errors: `Shape` for a tensor that is not a matrix, or is empty
pub fn to_heatmap(op: &'static str, tensor: &Tensor) -> Result<Heatmap> {
    let (rows, columns) = match *tensor.dims() {
        [rows, columns] if rows > 0 && columns > 0 => (rows, columns),
        _ => {
            return Err(shape_error(
                op,
                "values",
                "[rows, columns], at least one of each",
                tensor,
            ));
        }
    };
    let values = convert::to_f64(tensor)?;
    Ok(Heatmap::new(values, rows, columns))
}

/// The curves in a vector, a matrix `[lines, points]` or a list of vectors.
///
/// Errors: `Kind` or `Shape` for any other value
pub fn to_curves(op: &'static str, value: Value) -> Result<Vec<Vec<f64>>, Diagnostic> {
    let type_error = |found: &Value| Error::Kind {
        of: format!("{op}: argument `y`"),
        expected: "a vector, a matrix [lines, points] or a list of vectors".into(),
        found: found.kind(),
    };
    match value {
        Value::Tensor(tensor) if tensor.rank() == 2 => {
            Ok(tensor.to_dtype(DType::F64)?.to_vec2::<f64>()?)
        }
        Value::Tensor(tensor) => Ok(vec![vector_values(op, "y", &tensor)?]),
        Value::List(list) => {
            if let Some(line) = list.iter().map(as_number).collect() {
                return Ok(vec![line]);
            }
            let line = |item: &Value| match item {
                Value::Tensor(tensor) => Ok(vector_values(op, "y", tensor)?),
                Value::List(line) => {
                    let line: Option<Vec<f64>> = line.iter().map(as_number).collect();
                    line.ok_or_else(|| type_error(item).into())
                }
                other => Err(type_error(other).into()),
            };
            list.iter().map(line).collect()
        }
        other => Err(type_error(&other).into()),
    }
}

/// Real and imaginary parts: a matrix `[n, 2]`, or a map with `re` and `im`.
///
/// Errors: `Kind` or `Shape` for any other value
pub fn complex_parts(op: &'static str, value: Value) -> Result<(Vec<f64>, Vec<f64>), Diagnostic> {
    let type_error = |found: String| Error::Kind {
        of: format!("{op}: argument `values`"),
        expected: "a matrix [n, 2] or a map with re and im".into(),
        found,
    };
    let part = |map: &Map, name: &'static str| match map.get(name) {
        Some(value) => match to_tensor(value, DType::F64) {
            Some(tensor) => Ok(vector_values(op, name, &tensor)?),
            None => match value {
                Value::Tensor(tensor) => Ok(vector_values(op, name, tensor)?),
                other => Err(Diagnostic::from(type_error(other.kind()))),
            },
        },
        None => Err(type_error(format!("a map without {name}")).into()),
    };
    let tensor = match &value {
        Value::Map(map) => return Ok((part(map, "re")?, part(map, "im")?)),
        Value::Tensor(tensor) => tensor.clone(),
        other => to_tensor(other, DType::F64).ok_or_else(|| type_error(other.kind()))?,
    };
    match tensor.dims() {
        [_, 2] => {}
        dims => return Err(type_error(format!("a tensor {dims:?}")).into()),
    }
    let column = |i| -> Result<Vec<f64>> {
        let column = tensor.narrow(1, i, 1)?.flatten_all()?;
        convert::to_f64(&column)
    };
    Ok((column(0)?, column(1)?))
}

/// The strings of a list.
///
/// Errors: `Kind` for an item that is not a string
pub fn parse_texts(of: &str, list: &[Value]) -> Result<Vec<String>> {
    let text = |item: &Value| match item {
        Value::Text(text) => Ok(text.clone()),
        other => Err(Error::Kind {
            of: format!("{of}: labels"),
            expected: "a string".into(),
            found: other.kind(),
        }),
    };
    list.iter().map(text).collect()
}

/// Sets the legend labels of the layers of `panel`, in order; reference lines and bands have none.
///
/// Errors: `Kind` unless the number of labels equals the number of layers
pub fn set_labels(of: &str, panel: &mut Panel, labels: Vec<String>) -> Result<()> {
    let data = |layer: &&mut Layer| !matches!(layer, Layer::ReferenceLine(_) | Layer::Band(_));
    let layers = panel.layers.iter_mut().filter(data);
    let slots: Vec<_> = layers.filter_map(Layer::label_mut).collect();
    if slots.len() != labels.len() {
        return Err(Error::Kind {
            of: format!("{of}: labels"),
            expected: count_text(slots.len(), "string") + ", one for each layer",
            found: labels.len().to_string(),
        });
    }
    for (slot, label) in slots.into_iter().zip(labels) {
        *slot = Some(label);
    }
    Ok(())
}

/// The colour of this name, or `None` without a name.
///
/// Errors: `Unknown` for a string that is not a colour
pub fn parse_colour(of: &str, name: &Option<String>) -> Result<Option<Rgb>> {
    let Some(name) = name else { return Ok(None) };
    let unknown = || {
        let known = Rgb::names().map(String::from).chain(["#rrggbb".into()]);
        unknown_name(of, "colour", name, known.collect())
    };
    Rgb::parse(name).map(Some).ok_or_else(unknown)
}

/// The line style: colour, width, opacity and dash pattern.
///
/// Errors: `Unknown` for a string that is not a colour
pub fn to_stroke(
    of: &str,
    colour: &Option<String>,
    [width, opacity]: [f64; 2],
    dash: Dash,
) -> Result<Stroke> {
    Ok(Stroke {
        colour: parse_colour(of, colour)?,
        width,
        dash,
        opacity,
    })
}

/// The marker of this name, or `None` without a name.
///
/// Errors: `Unknown` for a string that is not a marker
pub fn parse_marker(of: &str, name: &Option<String>) -> Result<Option<Marker>> {
    let Some(name) = name else { return Ok(None) };
    let mut marker = Marker::default();
    if marker.select(name) {
        return Ok(Some(marker));
    }
    let known = marker.names().iter().map(|name| name.to_string()).collect();
    Err(unknown_name(of, "marker", name, known))
}

/// One page with the figures of a list of rows, or of a flat list split into rows of `columns`.
///
/// Errors: `Kind` for an item that is not a figure with one panel
pub fn to_grid(figures: Vec<Value>, columns: usize) -> Result<Figure, Diagnostic> {
    let has_rows = figures.iter().any(|item| matches!(item, Value::List(_)));
    let rows: Vec<Vec<Value>> = if has_rows {
        let row = |item| match item {
            Value::List(row) => row,
            figure => vec![figure],
        };
        figures.into_iter().map(row).collect()
    } else {
        figures.chunks(columns).map(<[Value]>::to_vec).collect()
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut page = Figure::new(rows.len(), columns);
    for (r, row) in rows.into_iter().enumerate() {
        for (c, item) in row.into_iter().enumerate() {
            *page.panel(r, c) = panel(item)?;
        }
    }
    page.size = Figure::default_size(&page.panels);
    page.validate()?;
    Ok(page)
}

/// The panel of a figure with one panel.
fn panel(value: Value) -> Result<Panel, Diagnostic> {
    let type_error = |found: String| Error::Kind {
        of: "plot::grid".into(),
        expected: "figures with one panel each".into(),
        found,
    };
    let Value::Object(object) = &value else {
        return Err(type_error(value.kind()).into());
    };
    let Some(plot) = object.get::<Plot>() else {
        return Err(type_error(value.kind()).into());
    };
    match plot.0.panels.as_slice() {
        [panel] => Ok(panel.clone()),
        more => Err(type_error(format!("a grid of {}", more.len())).into()),
    }
}

/// The error for an unknown name.
fn unknown_name(of: &str, category: &'static str, name: &str, known: Vec<String>) -> Error {
    Error::Unknown {
        of: of.into(),
        category,
        name: name.into(),
        known,
    }
}

/// Two numbers, or `None` for an empty list.
///
/// Errors: `Kind` for any other number of values
pub fn parse_limits(of: &str, name: &str, values: &[f64]) -> Result<Option<[f64; 2]>> {
    match values {
        [] => Ok(None),
        [first, last] => Ok(Some([*first, *last])),
        more => Err(Error::Kind {
            of: format!("{of}: option `{name}`"),
            expected: "two numbers".into(),
            found: more.len().to_string(),
        }),
    }
}

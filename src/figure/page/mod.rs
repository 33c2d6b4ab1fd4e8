//! A figure as an HTML page: three-dimensional panels can be rotated, zoomed and animated; flat
//! panels are static. The page is a single self-contained file and loads nothing from the network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::scale::Range;
use super::three_d::scene::{
    AxesBox, BoxAxis, BoxView, ColourBar, Edge, Face, Geometry, Scene, SceneLayer,
};
use super::{Figure, Rgb, svg};
use crate::base::Result;
use crate::base::options::Choice;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The files share one scope; a file uses the constants of those before it.
const SCRIPT: &str = concat!(
    include_str!("script/decode.js"),
    include_str!("script/camera.js"),
    include_str!("script/playback.js"),
    include_str!("script/shaders.js"),
    include_str!("script/webgl.js"),
    include_str!("script/buffers.js"),
    include_str!("script/renderer.js"),
    include_str!("script/axes_box.js"),
    include_str!("script/overlay.js"),
    include_str!("script/controls.js"),
    include_str!("script/selection.js"),
    include_str!("script/input.js"),
    include_str!("script/panel.js"),
    include_str!("script/main.js"),
);

/// The text of an HTML file that shows `figure`.
///
/// Errors: those of [`svg`]
pub fn page(figure: &Figure) -> Result<String> {
    let mut scenes = Scene::from_figure(figure)?.into_iter();
    let mut panels = Vec::new();
    for panel in &figure.panels {
        panels.push(if panel.camera.is_some() {
            scenes
                .next()
                .map_or(Value::Null, |scene| self::scene(&scene))
        } else if panel.layers.is_empty() {
            Value::Null
        } else {
            let single = Figure {
                size: figure.size,
                ..Figure::from(panel.clone())
            };
            json!({ "svg": svg(&single)? })
        });
    }
    let data = json!({ "columns": figure.columns, "panels": panels });
    let title = if figure.title.is_empty() {
        "scene"
    } else {
        &figure.title
    };
    Ok(fill_template(title, &data))
}

/// The page with its title and data filled in.
fn fill_template(title: &str, data: &Value) -> String {
    // Escape `<` so that the data cannot close the enclosing script element.
    let data = data.to_string().replace('<', "\\u003c");
    let replacements = [
        ("{style}", STYLE.into()),
        ("{script}", SCRIPT.into()),
        ("{data}", data),
        (
            "{title}",
            super::text::escape_xml(&super::text::to_unicode(title)),
        ),
    ];
    // Replace from the end of the page to its start, so that text supplied by a user is never
    // treated as a placeholder.
    let page = PAGE.to_string();
    replacements.iter().fold(page, |page, (placeholder, text)| {
        page.replacen(placeholder, text, 1)
    })
}

fn scene(scene: &Scene) -> Value {
    json!({
        "title": scene.title,
        "azimuth": scene.camera.azimuth,
        "elevation": scene.camera.elevation,
        "side_lengths": scene.side_lengths,
        "axes_box": axes_box(&scene.axes_box),
        "colour_bar": scene.colour_bar.as_ref().map(colour_bar),
        "layers": scene.layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

fn axes_box(axes_box: &AxesBox) -> Value {
    let face = |face: &Face| json!({ "corners": face.corners, "grid": face.grid });
    let edge = |edge: &Edge| json!({ "ends": edge.ends, "ticks": edge.ticks });
    let view = |view: &BoxView| json!({ "faces": view.faces, "edges": view.edges });
    json!({
        "axes": axes_box.axes.each_ref().map(axis),
        "faces": axes_box.faces.each_ref().map(face),
        "edges": axes_box.edges.each_ref().map(edge),
        "views": axes_box.views.each_ref().map(view),
        "face_colour": AxesBox::FACE_COLOUR.to_string(),
        "grid_colour": AxesBox::GRID_COLOUR.to_string(),
        "min_edge": AxesBox::MIN_EDGE,
        "max_cosine": AxesBox::MAX_COSINE,
        "rounding": AxesBox::ROUNDING,
    })
}

fn axis(axis: &BoxAxis) -> Value {
    let Range {
        low,
        high,
        log,
        reversed,
    } = axis.range;
    let tick_labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
    json!({
        "label": axis.label, "tick_labels": tick_labels,
        "low": low, "high": high, "log": log, "reversed": reversed,
    })
}

fn colour_bar(bar: &ColourBar) -> Value {
    let colours: Vec<String> = bar.colours.iter().map(Rgb::to_string).collect();
    json!({ "label": bar.label, "ticks": bar.ticks, "colours": colours })
}

fn layer(layer: &SceneLayer) -> Value {
    let colours = layer.colours.iter().flat_map(|Rgb(r, g, b)| [*r, *g, *b]);
    let mut map = json!({
        "label": layer.label,
        "positions": floats(layer.positions.as_flattened()),
        "colours": STANDARD.encode(colours.collect::<Vec<u8>>()),
        "opacity": layer.opacity,
    });
    if !layer.values.is_empty() {
        map["values"] = floats(&layer.values).into();
    }
    add_geometry(&mut map, &layer.geometry);
    map
}

/// Values as base64 of their bytes.
fn floats(values: &[f32]) -> String {
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// Adds the entries that describe the geometry of a layer.
fn add_geometry(map: &mut Value, geometry: &Geometry) {
    match geometry {
        Geometry::Paths { ends, width, dash } => {
            map["kind"] = "paths".into();
            map["ends"] = json!(ends);
            map["width"] = json!(width);
            map["dash"] = json!(dash.pattern(*width, false));
        }
        Geometry::Points { sizes, marker } => {
            map["kind"] = "points".into();
            map["sizes"] = floats(sizes).into();
            map["marker"] = marker.name().into();
            map["corners"] = json!(marker.corners());
            map["strokes"] = json!(marker.strokes());
        }
        Geometry::Arrows { width, dash, head } => {
            map["kind"] = "arrows".into();
            map["width"] = json!(width);
            map["dash"] = json!(dash.pattern(*width, false));
            map["head"] = json!(head);
        }
        Geometry::Labels(texts) => {
            map["kind"] = "labels".into();
            map["texts"] = json!(texts);
        }
    }
}

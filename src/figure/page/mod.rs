//! A figure as a page that any browser shows: panels in three dimensions turn, zoom and play, flat
//! ones stand beside them. All of it is in the one file; nothing is fetched.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::extent::Range;
use super::space::stage::{Act, Bar, Kind, Scale, Stage};
use super::{Figure, Rgb, svg};
use crate::base::Result;
use crate::base::options::Choice;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The text of an HTML file of `figure`.
///
/// Errors: those of [`svg`]
pub fn page(figure: &Figure) -> Result<String> {
    let mut stages = Stage::of(figure)?.into_iter();
    let mut panels = Vec::new();
    for panel in &figure.panels {
        panels.push(if panel.camera.is_some() {
            stages
                .next()
                .map_or(Value::Null, |stage| self::stage(&stage))
        } else if panel.layers.is_empty() {
            Value::Null
        } else {
            let alone = Figure {
                size: figure.size,
                ..Figure::from(panel.clone())
            };
            json!({ "svg": svg(&alone)? })
        });
    }
    let data = json!({ "columns": figure.columns, "panels": panels });
    let title = if figure.title.is_empty() {
        "scene"
    } else {
        &figure.title
    };
    // Nothing in the data can end the element that holds it.
    let data = data.to_string().replace('<', "\\u003c");
    let parts = [
        ("{style}", STYLE.into()),
        ("{script}", SCRIPT.into()),
        ("{data}", data),
        ("{title}", super::text::escape(&super::text::plain(title))),
    ];
    // From the end of the page to its head: no text of a user is taken for a place.
    let page = PAGE.to_string();
    Ok(parts
        .iter()
        .fold(page, |page, (place, text)| page.replacen(place, text, 1)))
}

fn stage(stage: &Stage) -> Value {
    json!({
        "title": stage.title,
        "azimuth": stage.camera.azimuth,
        "elevation": stage.camera.elevation,
        "sides": stage.sides,
        "scales": stage.scales.each_ref().map(scale),
        "bar": stage.bar.as_ref().map(bar),
        "acts": stage.acts.iter().map(act).collect::<Vec<_>>(),
    })
}

fn scale(scale: &Scale) -> Value {
    let Range {
        low,
        high,
        log,
        reversed,
    } = scale.range;
    json!({
        "label": scale.label, "ticks": scale.ticks,
        "low": low, "high": high, "log": log, "reversed": reversed,
    })
}

fn bar(bar: &Bar) -> Value {
    let shades: Vec<String> = bar.shades.iter().map(Rgb::to_string).collect();
    json!({ "label": bar.label, "ticks": bar.ticks, "shades": shades })
}

fn act(act: &Act) -> Value {
    let floats = |numbers: &mut dyn Iterator<Item = f32>| {
        let bytes: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
        STANDARD.encode(bytes)
    };
    let colours = act.colours.iter().flat_map(|Rgb(r, g, b)| [*r, *g, *b]);
    let mut map = json!({
        "label": act.label,
        "at": floats(&mut act.at.iter().flatten().copied()),
        "colours": STANDARD.encode(colours.collect::<Vec<u8>>()),
        "opacity": act.opacity,
    });
    if !act.values.is_empty() {
        map["values"] = floats(&mut act.values.iter().copied()).into();
    }
    match &act.kind {
        Kind::Paths { ends, width, dash } => {
            map["kind"] = "paths".into();
            map["ends"] = json!(ends);
            map["width"] = json!(width);
            map["dash"] = json!(dash.pattern(*width, false));
        }
        Kind::Points { sizes, marker } => {
            map["kind"] = "points".into();
            map["sizes"] = floats(&mut sizes.iter().copied()).into();
            map["marker"] = marker.word().into();
            map["corners"] = json!(marker.corners());
            map["strokes"] = json!(marker.strokes());
        }
        Kind::Arrows { width, dash, head } => {
            map["kind"] = "arrows".into();
            map["width"] = json!(width);
            map["dash"] = json!(dash.pattern(*width, false));
            map["head"] = json!(head);
        }
        Kind::Labels(texts) => {
            map["kind"] = "labels".into();
            map["texts"] = json!(texts);
        }
    }
    map
}

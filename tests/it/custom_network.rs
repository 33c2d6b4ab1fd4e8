//! Custom networks, whose step is a function of the script: comparison with built-in cells, finite
//! differences, long sequences, resumed runs and invalid closures.

mod builtin_cells;
mod scripts;
mod tapes;
mod training;

use attractor::api::context::Language;
use attractor::api::value::{Map, Value};

use crate::session::run;

/// The float values of the map that a script returns.
fn float_entries(text: &str, language: Language) -> Vec<(String, f64)> {
    let outcome = run(text, language).outcome;
    let map: Map = match outcome {
        Ok(Value::Map(map)) => map,
        Ok(other) => panic!("{language:?}: the script returned {}", other.kind()),
        Err(error) => panic!("{language:?}: {error} {:?}", error.location),
    };
    let entries = map.into_iter().map(|(name, value)| match value {
        Value::Float(x) => (name, x),
        other => panic!("{language:?}: `{name}` is {}", other.kind()),
    });
    entries.collect()
}

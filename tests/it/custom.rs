//! Networks whose step a script writes: against built-in cells that they repeat, against finite
//! differences, in long sequences, when a run is resumed and when a closure is wrong.

mod built_in;
mod engine;
mod odd;

use attractor::api::context::Language;
use attractor::api::value::{Map, Value};

use crate::session::run;

/// The numbers in the map that a script gives.
fn numbers(text: &str, language: Language) -> Vec<(String, f64)> {
    let outcome = run(text, language).outcome;
    let map: Map = match outcome {
        Ok(Value::Map(map)) => map,
        Ok(other) => panic!("{language:?}: the script gives {}", other.kind()),
        Err(fault) => panic!("{language:?}: {fault} {:?}", fault.location),
    };
    let entries = map.into_iter().map(|(name, value)| match value {
        Value::Float(x) => (name, x),
        other => panic!("{language:?}: `{name}` is {}", other.kind()),
    });
    entries.collect()
}

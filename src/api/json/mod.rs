//! Script module `json`: JSON serialization.

mod reader;

use serde_json::{Map as JsonMap, Number, Value as Json};

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::file::read_text;
use super::tensor::lists::nested_list;
use super::value::Value;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::{self, atomic_write};
use reader::JsonReader;

crate::natives! {
    /// Conversion of values to and from JSON.
    module "json";

    /// Returns a value as JSON text: maps become objects, lists and tensors (nested) arrays. Nil,
    /// NaN and infinite values become null.
    ///
    /// > json::text(#{ from: 0, to: [1, 2], rate: tensor([0.5, 1.0]) })
    /// = {"from":0,"rate":[0.5,1.0],"to":[1,2]}
    fn text(value: Value) -> String {
        Ok(to_json("json::text", value)?.to_string())
    }

    /// Parses JSON text and returns its value: objects become maps, arrays become lists.
    ///
    /// > json::value("{\"from\": 0, \"to\": [1, 2.5]}").to
    /// = [1, 2.5]
    fn value(cx: &Context, text: String) -> Value {
        let format_error = |found: String| Error::Kind {
            of: "json::value".into(),
            expected: "JSON".into(),
            found,
        };
        parse(cx, &text, format_error)
    }

    /// Writes a value to a JSON file. The write is atomic. A relative path starts in the folder of
    /// `--out`.
    ///
    /// > json::write("edge.json", #{ from: 0, to: 3 });
    /// > json::read("edge.json").to
    /// = 3
    fn write(cx: &Context, path: String, value: Value) -> () {
        let text = format!("{:#}\n", to_json("json::write", value)?);
        Ok(atomic_write(cx.output_path(&path)?, text.as_bytes())?)
    }

    /// Returns the value in a JSON file: objects become maps, arrays become lists.
    ///
    /// > json::write("list.json", [1, 2, 3]);
    /// > json::read("list.json")
    /// = [1, 2, 3]
    fn read(cx: &Context, path: String) -> Value {
        let text = read_text(cx, "json::read", &path)?;
        let source = io::text::describe_special(&cx.input_path(&path)?);
        parse(cx, &text, |found| {
            let found = source.map_or(found.clone(), |source| format!("{found}, from {source}"));
            Error::file(&path, FileError::Format { expected: "JSON", found })
        })
    }
}

/// Parses JSON text.
///
/// Errors: the memory limit of the run; for invalid JSON, the error that `format_error` constructs
fn parse(
    cx: &Context,
    text: &str,
    format_error: impl Fn(String) -> Error,
) -> Result<Value, Diagnostic> {
    JsonReader(&cx.meter).read(text).map_err(|error| {
        let limit_error = cx.meter.check().err();
        limit_error.unwrap_or_else(|| format_error(reader::describe_error(text, &error)).into())
    })
}

/// Converts a value to JSON.
///
/// Errors: `Kind` for a function or an engine object
fn to_json(op: &str, value: Value) -> Result<Json, Diagnostic> {
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Int(value) => Json::Number(value.into()),
        Value::Float(value) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        Value::Text(value) => Json::String(value),
        Value::Tensor(tensor) => to_json(op, nested_list(&tensor.detach())?)?,
        Value::List(items) => {
            let items = items.into_iter().map(|item| to_json(op, item));
            Json::Array(items.collect::<Result<_, Diagnostic>>()?)
        }
        Value::Map(map) => {
            let entries = map
                .into_iter()
                .map(|(key, item)| Ok((key, to_json(op, item)?)));
            Json::Object(entries.collect::<Result<JsonMap<_, _>, Diagnostic>>()?)
        }
        other @ (Value::Object(_) | Value::Function(_)) => {
            return Err(Error::Kind {
                of: op.into(),
                expected: "numbers, text, tensors, lists or maps".into(),
                found: other.kind(),
            }
            .into());
        }
    })
}

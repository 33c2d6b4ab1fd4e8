//! Script modules `file` and `json`: text files and JSON serialization.

use serde_json::{Map as Entries, Number, Value as Json};

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::json::{self, JsonReader};
use super::tensor_args::nested;
use super::value::Value;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::{self, atomic_write};

pub mod texts {
    use super::{Context, atomic_write, read_text};

    crate::natives! {
        /// Text files. A script can access all files of its user, unless it runs with `--sandbox`:
        /// then it can read only below its own folder, `--out` and each `--allow-read DIR`, and
        /// write only below `--out`. The same rules apply to all functions that take a path.
        module "file";

        /// Writes text to a file. The write is atomic. A relative path starts in the folder of
        /// `--out`. Text is streamed to a FIFO with a reader, a terminal and `/dev/stdout`; a block
        /// device, a socket or a directory is an error.
        ///
        /// > file::write("notes.txt", "one line");
        /// > file::read("notes.txt")
        /// = one line
        fn write(cx: &Context, path: String, text: String) -> () {
            Ok(atomic_write(cx.output_path(&path)?, text.as_bytes())?)
        }

        /// Returns the contents of a text file. A FIFO and a device are read to their end.
        ///
        /// > file::write("three.txt", "1 2 3");
        /// > file::read("three.txt")
        /// = 1 2 3
        fn read(cx: &Context, path: String) -> String { read_text(cx, "file::read", &path) }
    }
}

crate::natives! {
    /// Conversion of values to and from JSON.
    module "json";

    /// Returns a value as JSON text: maps become objects, lists and tensors (nested) arrays. Nil,
    /// NaN and infinite values become null.
    ///
    /// > json::text(#{ from: 0, to: [1, 2], rate: tensor([0.5, 1.0]) })
    /// = {"from":0,"rate":[0.5,1.0],"to":[1,2]}
    fn text(value: Value) -> String {
        Ok(written("json::text", value)?.to_string())
    }

    /// Parses JSON text and returns its value: objects become maps, arrays become lists.
    ///
    /// > json::value("{\"from\": 0, \"to\": [1, 2.5]}").to
    /// = [1, 2.5]
    fn value(cx: &Context, text: String) -> Value {
        let unlike = |found: String| Error::Kind {
            of: "json::value".into(),
            expected: "JSON".into(),
            found,
        };
        parsed(cx, &text, unlike)
    }

    /// Writes a value to a JSON file. The write is atomic. A relative path starts in the folder of
    /// `--out`.
    ///
    /// > json::write("edge.json", #{ from: 0, to: 3 });
    /// > json::read("edge.json").to
    /// = 3
    fn write(cx: &Context, path: String, value: Value) -> () {
        let text = format!("{:#}\n", written("json::write", value)?);
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
        parsed(cx, &text, |found| {
            let found = source.map_or(found.clone(), |source| format!("{found}, from {source}"));
            Error::file(&path, FileError::Format { expected: "JSON", found })
        })
    }
}

/// Reads a text file, if it fits in the memory limit of the run.
fn read_text(cx: &Context, op: &'static str, path: &str) -> Result<String, Diagnostic> {
    let path = cx.input_path(path)?;
    cx.check_file_memory(op, &path)?;
    Ok(io::text::read(op, &path, cx.meter.remaining())?)
}

/// Parses JSON text.
///
/// Errors: the memory limit of the run; for invalid JSON, the error that `unlike` constructs
fn parsed(cx: &Context, text: &str, unlike: impl Fn(String) -> Error) -> Result<Value, Diagnostic> {
    JsonReader(&cx.meter).read(text).map_err(|error| {
        let ended = cx.meter.check().err();
        ended.unwrap_or_else(|| unlike(json::describe_error(text, &error)).into())
    })
}

/// Converts a value to JSON.
///
/// Errors: `Kind` for a function or an engine object
fn written(op: &str, value: Value) -> Result<Json, Diagnostic> {
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Int(value) => Json::Number(value.into()),
        Value::Float(value) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        Value::Text(value) => Json::String(value),
        Value::Tensor(tensor) => written(op, nested(&tensor.detach())?)?,
        Value::List(items) => {
            let items = items.into_iter().map(|item| written(op, item));
            Json::Array(items.collect::<Result<_, Diagnostic>>()?)
        }
        Value::Map(map) => {
            let entries = map
                .into_iter()
                .map(|(key, item)| Ok((key, written(op, item)?)));
            Json::Object(entries.collect::<Result<Entries<_, _>, Diagnostic>>()?)
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

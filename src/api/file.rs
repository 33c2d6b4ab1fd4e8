//! The tables `file` and `json`: texts in files, and values in the text that other programs read.

use serde_json::{Map as Entries, Number, Value as Json};

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::json::JsonReader;
use super::tensor_args::nested;
use super::value::Value;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::{self, atomic_write};

pub mod texts {
    use super::{Context, atomic_write, read_text};

    crate::natives! {
        /// Files of text. A script reaches every file that its user may, unless it runs with
        /// `--sandbox`: then it reads below its own folder, `--out` and each `--allow-read DIR`,
        /// and writes below `--out`. This holds for all functions that take a path.
        module "file";

        /// Writes a text to a file, whole or not at all. A relative path begins in the folder of
        /// `--out`. Into a FIFO that is read, a terminal and `/dev/stdout` the text is written as a
        /// stream; a disk, a socket or a folder is refused.
        ///
        /// > file::write("notes.txt", "one line");
        /// > file::read("notes.txt")
        /// = one line
        fn write(cx: &Context, path: String, text: String) -> () {
            Ok(atomic_write(cx.output_path(&path)?, text.as_bytes())?)
        }

        /// The text of a file.
        ///
        /// > file::write("three.txt", "1 2 3");
        /// > file::read("three.txt")
        /// = 1 2 3
        fn read(cx: &Context, path: String) -> String { read_text(cx, "file::read", &path) }
    }
}

crate::natives! {
    /// Values as JSON, the text that many other programs read.
    module "json";

    /// A value as JSON: a map is an object, a list or a tensor an array (of arrays), nothing is
    /// null; so are NaN and the infinities, which JSON does not know.
    ///
    /// > json::text(#{ from: 0, to: [1, 2], rate: tensor([0.5, 1.0]) })
    /// = {"from":0,"rate":[0.5,1.0],"to":[1,2]}
    fn text(value: Value) -> String {
        Ok(written("json::text", value)?.to_string())
    }

    /// The value that a JSON text says; objects are maps, arrays lists.
    ///
    /// > json::value("{\"from\": 0, \"to\": [1, 2.5]}").to
    /// = [1, 2.5]
    fn value(cx: &Context, text: String) -> Value {
        let unlike = |fault: serde_json::Error| Error::Kind {
            of: "json::value".into(),
            expected: "JSON".into(),
            found: fault.to_string(),
        };
        parsed(cx, &text, unlike)
    }

    /// Writes a value to a file as JSON, whole or not at all. A relative path begins in the folder
    /// of `--out`.
    ///
    /// > json::write("edge.json", #{ from: 0, to: 3 });
    /// > json::read("edge.json").to
    /// = 3
    fn write(cx: &Context, path: String, value: Value) -> () {
        let text = format!("{:#}\n", written("json::write", value)?);
        Ok(atomic_write(cx.output_path(&path)?, text.as_bytes())?)
    }

    /// The value in a JSON file; objects are maps, arrays lists.
    ///
    /// > json::write("list.json", [1, 2, 3]);
    /// > json::read("list.json")
    /// = [1, 2, 3]
    fn read(cx: &Context, path: String) -> Value {
        let text = read_text(cx, "json::read", &path)?;
        parsed(cx, &text, |fault| {
            let (expected, found) = ("JSON", fault.to_string());
            Error::file(&path, FileError::Format { expected, found })
        })
    }
}

/// The text of a file, if it is not larger than the run allows.
fn read_text(cx: &Context, op: &'static str, path: &str) -> Result<String, Diagnostic> {
    let path = cx.input_path(path)?;
    cx.check_file_memory(op, &path)?;
    Ok(io::text::read(op, &path, cx.meter.remaining())?)
}

/// The value that a JSON text says.
///
/// Errors: the end of the run if there is no memory for it; else what `unlike` makes of the text
fn parsed(
    cx: &Context,
    text: &str,
    unlike: impl Fn(serde_json::Error) -> Error,
) -> Result<Value, Diagnostic> {
    JsonReader(&cx.meter).read(text).map_err(|fault| {
        let ended = cx.meter.check().err();
        ended.unwrap_or_else(|| unlike(fault).into())
    })
}

/// Errors: `Kind` for what JSON cannot say
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

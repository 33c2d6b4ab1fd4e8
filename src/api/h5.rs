//! Script module `h5`: reads and writes HDF5 files, with provenance metadata.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::context::Context;
use super::convert::to_tensor;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::{Map, Value};
use crate::base::Error;
use crate::base::options::Span;
use crate::io::hdf5::{
    self, Attributes, Content, FileFilter, ReadOptions, Unreadable, WriteOptions,
};
use crate::io::tree::join;
use crate::io::{self, Provenance, Tree};
use crate::tensor::DType;

crate::options! {
    /// Options of `h5::write`.
    pub struct FileOptions for "h5::write" {
        /// gzip compression level, 0 (no compression) to 9.
        compress: usize = 0, in Span::between(0.0, 9.0);
        /// Attributes of the file: a map of numbers, strings, small lists and tensors.
        attributes: Option<Map> = None;
    }
}

crate::natives! {
    /// HDF5 files of named arrays, compatible with h5py and other HDF5 readers.
    module "h5";

    /// Writes a map of tensors, numbers, strings, lists and nested maps to an HDF5 file. The write
    /// is atomic. A relative path starts in the folder of `--out`. The script, its seed, the
    /// version and the date are added to the file attributes. Functions and engine objects are
    /// errors.
    ///
    /// > h5::write("walk.h5", #{ x: 1.5, run: #{ seed: 3 } }, #{ attributes: #{ units: "Hz" } });
    /// > h5::read("walk.h5").run.seed
    /// = 3
    fn write(cx: &Context, path: String, map: Map, options: CallOptions<FileOptions>) -> () {
        let attributes = options.attributes.clone().unwrap_or_default();
        let attributes = to_tree("h5::write", "attribute", "", Value::Map(attributes))?;
        let Tree::Map(attributes) = attributes else {
            return Ok(());
        };
        let tree = to_tree("h5::write", "entry", "", Value::Map(map))?;
        save(cx, &path, &tree, attributes, options.compress)
    }

    /// Returns the contents of a file as a map, or a single entry with a path such as
    /// `"group/name"`. Numeric data sets become tensors; an array of booleans becomes a tensor
    /// of dtype "u8". A data set without axes becomes a number, a boolean or a string, a string
    /// array a (nested) list of strings, and an empty data set nil. Complex numbers become maps of
    /// `re` and `im`, compound types maps of their fields, enumerations the integers (`h5::list`
    /// returns their names), variable-length data lists, and references the paths of their targets.
    /// Bytes of a name that are not UTF-8 become escapes such as `\xe9`. Entries that cannot be
    /// read or exceed the memory are skipped; a printed line names them with the reasons. In a
    /// MAT-file (version 7.3) character arrays become strings, cells lists and structs maps. Axes
    /// are in reverse order, as in h5py: a matrix with 3 rows and 4 columns has shape [4, 3].
    ///
    /// > h5::write("pair.h5", #{ left: #{ n: 1 }, right: 2 });
    /// > h5::read("pair.h5", "left/n")
    /// = 1
    fn read(cx: &Context, path: String, entry: Option<String>) -> Value {
        Ok(to_value(read_and_report(cx, &path, entry.as_deref().unwrap_or(""))?.tree))
    }

    /// Returns the rows `first` to `end` (exclusive) of an array in a file, without reading the
    /// other rows. Strings and cells of a MAT-file have no rows.
    ///
    /// > h5::write("rows.h5", #{ x: ["a", "b", "c", "d"] });
    /// > h5::rows("rows.h5", "x", 1, 3)
    /// = ["b", "c"]
    fn rows(cx: &Context, path: String, entry: String, first: usize, end: usize) -> Value {
        let (path, options) = (cx.input_path(&path)?, read_options(cx));
        Ok(to_value(hdf5::read_rows(path, &entry, first..end, &options)?))
    }

    /// Returns the attributes of a file, or of one of its entries, as a map.
    ///
    /// > h5::write("units.h5", #{ x: 1 }, #{ attributes: #{ units: "Hz" } });
    /// > h5::attributes("units.h5").units
    /// = Hz
    fn attributes(cx: &Context, path: String, entry: Option<String>) -> Value {
        let path = cx.input_path(&path)?;
        let entry = entry.unwrap_or_default();
        let attributes = hdf5::attributes_with(path, &entry, &read_options(cx))?;
        Ok(to_value(Tree::Map(attributes)))
    }

    /// Lists the entries of a file with path, shape and type, without reading their data. The entry
    /// of an enumeration also contains `names`, a map from its names to their integers. If an entry
    /// cannot be opened, its `kind` contains the reason.
    ///
    /// > h5::write("some.h5", #{ x: [1, 2, 3] });
    /// > h5::list("some.h5")
    /// = [{kind: "int64", path: "x", shape: [3]}]
    fn list(cx: &Context, path: String) -> Vec<Value> {
        let entries = hdf5::list_with(cx.input_path(&path)?, &read_options(cx))?;
        Ok(entries.into_iter().map(entry_map).collect())
    }
}

/// Writes `tree` to `path`, with these attributes and the provenance of the run.
///
/// Errors: those of [`hdf5::write`]
pub fn save(
    cx: &Context,
    path: &str,
    tree: &Tree,
    attributes: io::Map,
    compress: usize,
) -> Result<(), Diagnostic> {
    let mut file_attributes = provenance(cx).attributes();
    file_attributes.extend(attributes);
    let attributes = Attributes::of_file(file_attributes);
    let options = WriteOptions {
        compress,
        attributes,
    };
    let path = cx.output_path(path)?;
    let proceed = cx.proceed_with_write();
    Ok(hdf5::write_while(path, tree, &options, &proceed)?)
}

/// The tree and the attributes of the file at `path`.
///
/// Errors: those of [`hdf5::read`]; `Memory` if the file exceeds the memory limit of the run
pub fn load(cx: &Context, path: &str) -> Result<Content, Diagnostic> {
    read_and_report(cx, path, "")
}

/// Reads a file, or one of its entries, and prints which entries were skipped, with the reasons.
fn read_and_report(cx: &Context, path: &str, entry: &str) -> Result<Content, Diagnostic> {
    let content = hdf5::read_content(cx.input_path(path)?, entry, &read_options(cx))?;
    if !content.unreadable.is_empty() {
        cx.terminal
            .print(&unreadable_note(path, &content.unreadable));
    }
    Ok(content)
}

/// A message that names the entries that cannot be read.
fn unreadable_note(path: &str, unreadable: &[Unreadable]) -> String {
    /// Maximum number of names in the message; `h5::list` returns all entries.
    const MAX_NAMES: usize = 5;
    let describe = |Unreadable { key, error }: &Unreadable| {
        let reason = match error {
            Error::File { fact, .. } => fact.entry_reason(),
            Error::Memory { .. } => memory_reason(key, error),
            _ => None,
        };
        format!("`{key}` ({})", reason.unwrap_or_else(|| error.to_string()))
    };
    // Entries that exceed the memory come first: they are the ones that the user expects.
    let is_large = |entry: &&Unreadable| matches!(entry.error, Error::Memory { .. });
    let (large, others): (Vec<_>, Vec<_>) = unreadable.iter().partition(is_large);
    let all = large.into_iter().chain(others);
    let mut names: Vec<String> = all.take(MAX_NAMES).map(describe).collect();
    if unreadable.len() > MAX_NAMES {
        names.push(format!("and {} more", unreadable.len() - MAX_NAMES));
    }
    let names = names.join(", ");
    format!("{path}: read without entries that cannot be read: {names}; h5::list shows all")
}

/// The reason for an entry that exceeds the memory limit, and how to read it in parts.
fn memory_reason(key: &str, error: &Error) -> Option<String> {
    let Error::Memory {
        shape,
        bytes,
        limit,
        ..
    } = error
    else {
        return None;
    };
    Some(format!(
        "shape {shape:?} needs {bytes} bytes, {limit} remain: read it in parts, as in \
         h5::rows(path, \"{key}\", 0, 100)"
    ))
}

/// The options for reading: the remaining memory of the run, and the files of its sandbox.
pub fn read_options(cx: &Context) -> ReadOptions {
    let filter = cx
        .config
        .sandbox
        .clone()
        .map(|sandbox| FileFilter::new(move |path: &Path| sandbox.resolve_read(path).is_ok()));
    ReadOptions {
        max_bytes: cx.meter.remaining(),
        filter,
    }
}

/// Provenance of the run: script, seed, version and date.
pub fn provenance(cx: &Context) -> Provenance {
    let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Provenance {
        script: non_empty(&cx.script.path),
        text: non_empty(&cx.script.text.replace('\0', " ")),
        seed: cx.config.seed.map(|seed| seed as i64),
        version: Some(concat!("attractor ", env!("CARGO_PKG_VERSION")).into()),
        date: Some(today()),
        options: io::Map::new(),
    }
}

/// Converts a script value to a tree for the function `of`. Error messages identify the value by
/// `category` and `key`.
///
/// Errors: a function or an engine object
pub fn to_tree(of: &str, category: &str, key: &str, value: Value) -> Result<Tree, Diagnostic> {
    Ok(match value {
        Value::Nil => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Int(value) => Tree::Int(value),
        Value::Float(value) => Tree::Float(value),
        Value::Text(value) => Tree::Text(value),
        Value::Tensor(value) => Tree::Tensor(value),
        Value::List(items) => list_to_tree(of, category, key, items)?,
        Value::Map(map) => {
            let entries = map.into_iter().map(|(name, value)| {
                let tree = to_tree(of, category, &join(key, &name), value)?;
                Ok((name, tree))
            });
            Tree::Map(entries.collect::<Result<_, Diagnostic>>()?)
        }
        other @ (Value::Object(_) | Value::Function(_)) => {
            let error = Error::Kind {
                of: format!("{of}: {category} `{key}`"),
                expected: "numbers, text, tensors, lists or maps".into(),
                found: other.kind(),
            };
            return Err(Diagnostic::from(error));
        }
    })
}

/// Converts a tree to a script value.
pub fn to_value(tree: Tree) -> Value {
    match tree {
        Tree::Null => Value::Nil,
        Tree::Bool(value) => Value::Bool(value),
        Tree::Int(value) => Value::Int(value),
        Tree::Float(value) => Value::Float(value),
        Tree::Text(value) => Value::Text(value),
        Tree::Tensor(value) => Value::Tensor(value),
        Tree::List(items) => Value::List(items.into_iter().map(to_value).collect()),
        Tree::Map(map) => {
            let entries = map.into_iter();
            Value::Map(entries.map(|(name, tree)| (name, to_value(tree))).collect())
        }
    }
}

/// Converts a list: nested lists of numbers become a tensor, other lists remain lists.
fn list_to_tree(
    of: &str,
    category: &str,
    key: &str,
    items: Vec<Value>,
) -> Result<Tree, Diagnostic> {
    let rows = Value::List(items);
    if let Value::List(items) = &rows
        && matches!(items.first(), Some(Value::List(_)))
        && let Some(tensor) = to_tensor(&rows, DType::F64)
    {
        return Ok(Tree::Tensor(tensor));
    }
    let Value::List(items) = rows else {
        return Ok(Tree::List(Vec::new()));
    };
    let items = items.into_iter().enumerate().map(|(index, item)| {
        let key = join(key, &index.to_string());
        to_tree(of, category, &key, item)
    });
    items.collect::<Result<_, _>>().map(Tree::List)
}

fn entry_map(entry: hdf5::Entry) -> Value {
    let shape = entry.shape.into_iter().map(|size| Value::Int(size as i64));
    let mut map = Map::from([
        ("path".into(), Value::Text(entry.path)),
        ("shape".into(), Value::List(shape.collect())),
        ("kind".into(), Value::Text(entry.kind)),
    ]);
    if !entry.names.is_empty() {
        let names = entry.names.into_iter();
        let names = names.map(|(name, value)| (name, Value::Int(value)));
        map.insert("names".into(), Value::Map(names.collect()));
    }
    Value::Map(map)
}

/// The current UTC date, such as 2026-01-31.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = seconds.map_or(0, |since| since.as_secs() / 86_400);
    let (year, month, day) = civil_date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of the date `days` days after 1970-01-01. Years start in March, so that the
/// leap day is the last day of the year.
fn civil_date(days: u64) -> (u64, u64, u64) {
    /// Days from 0000-03-01 to 1970-01-01.
    const EPOCH_DAYS: u64 = 719_468;
    /// Days in 400 years.
    const DAYS_PER_ERA: u64 = 146_097;
    let (era, day) = (
        (days + EPOCH_DAYS) / DAYS_PER_ERA,
        (days + EPOCH_DAYS) % DAYS_PER_ERA,
    );
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (date, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    (era * 400 + year + u64::from(month <= 2), month, date)
}

//! Script module `csv`: tables of comma-separated values.

mod columns;

use std::path::Path;

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::file::read_text;
use super::options::CallOptions;
use super::value::{Map, Value};
use crate::base::Error;
use crate::base::error::FileError;
use crate::base::options::Span;
use crate::io::atomic_write;
use crate::io::csv::{self, Column, Format, Table};
use crate::tensor::{Device, Tensor};

crate::options! {
    /// Options of `csv::read` and `csv::header`.
    pub struct ReadOptions for "csv::read" {
        /// The character between two fields, such as ";" or "\t".
        delimiter: String = ",".into();
        /// Whether the first line of the table contains the names of the columns. Without it, or
        /// for an empty name, the names are c0, c1, ...
        header: bool = true;
        /// The first character of lines that are ignored, such as "#".
        comment: Option<String> = None;
        /// Number of lines before the table.
        skip_rows: usize = 0, in Span::at_least(0.0);
        /// Return a tensor [rows, columns] in the order of the file instead of a map.
        tensor: bool = false;
    }
}

crate::options! {
    /// Options of `csv::write`.
    pub struct WriteOptions for "csv::write" {
        /// The names of the columns. For a map, the names of the columns to write, in this order.
        /// An empty list omits the header.
        header: Option<Vec<Value>> = None, default "all names of a map; c0, c1, ... for a tensor";
        /// The character between two fields.
        delimiter: String = ",".into();
    }
}

crate::natives! {
    /// Tables of comma-separated values (.csv).
    module "csv";

    /// Returns the columns of a table as a map from their names. A column of numbers becomes a
    /// tensor of dtype "f64", in which missing values (empty fields, NA, NaN, null) are NaN. A
    /// column of integers that are too large for "f64" (above 2^53) becomes a tensor of dtype
    /// "i64". Any other column becomes a list of strings. A row with a different number of fields
    /// is an error.
    ///
    /// > file::write("trials.csv", "time,side,rate\n0.5,left,3\n1.0,right,\n");
    /// > csv::read("trials.csv")
    /// = {rate: tensor [2] f64 [3, nan], side: ["left", "right"], time: tensor [2] f64 [0.5, 1]}
    fn read(cx: &Context, path: String, options: CallOptions<ReadOptions>) -> Value {
        let text = read_text(cx, "csv::read", &path)?;
        let format = read_format(&options)?;
        let table = csv::parse(Path::new(&path), &text, format, cx.meter.remaining())?;
        match options.tensor {
            true => Ok(Value::Tensor(to_tensor(&path, table)?)),
            false => to_map(table),
        }
    }

    /// Returns the names of the columns of a table, in the order of the file.
    ///
    /// > file::write("order.csv", "y,x\n1,2\n");
    /// > csv::header("order.csv")
    /// = ["y", "x"]
    fn header(cx: &Context, path: String, options: CallOptions<ReadOptions>) -> Vec<Value> {
        let text = read_text(cx, "csv::header", &path)?;
        let names = csv::header(Path::new(&path), &text, read_format(&options)?)?;
        Ok(names.into_iter().map(Value::Text).collect())
    }

    /// Writes a table: a map of columns (vectors, or lists of numbers or strings), or a tensor
    /// [rows, columns]. Numbers have as many digits as are needed to read them back exactly, and a
    /// tensor without names has the header c0, c1, ... The write is atomic. A relative path starts
    /// in the folder of `--out`.
    ///
    /// > csv::write("pair.csv", #{ x: [0.1, 2.0], name: ["a", "b"] }, #{ header: ["x", "name"] });
    /// > csv::header("pair.csv")
    /// = ["x", "name"]
    fn write(cx: &Context, path: String, data: Value, options: CallOptions<WriteOptions>) -> () {
        let names = options.header.as_deref().map(columns::names).transpose()?;
        let (names, columns) = columns::from_value(data, names)?;
        let delimiter = character("csv::write", "delimiter", &options.delimiter)?;
        let path = cx.output_path(&path)?;
        let bytes = csv::serialize(&path, names.as_deref(), &columns, delimiter)?;
        Ok(atomic_write(path, &bytes)?)
    }
}

fn read_format(options: &ReadOptions) -> Result<Format, Diagnostic> {
    let comment = options.comment.as_ref();
    let comment = comment.map(|text| character("csv::read", "comment", text));
    Ok(Format {
        delimiter: character("csv::read", "delimiter", &options.delimiter)?,
        comment: comment.transpose()?,
        skip_rows: options.skip_rows,
        has_header: options.header,
    })
}

/// The only character of an option.
///
/// Errors: `Range` for another text, or a character with a meaning in tables
fn character(of: &str, name: &str, text: &str) -> Result<u8, Diagnostic> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err(Error::Range {
            of: of.into(),
            name: name.into(),
            expected: "one ASCII character, except quotes and line breaks".into(),
            found: format!("{text:?}"),
        }
        .into()),
    }
}

fn to_map(table: Table) -> Result<Value, Diagnostic> {
    let mut map = Map::new();
    for (name, column) in table.names.into_iter().zip(table.columns) {
        let value = match column {
            Column::Numbers(numbers) => Value::Tensor(vector(numbers)?),
            Column::Integers(integers) => Value::Tensor(vector(integers)?),
            Column::Texts(texts) => Value::List(texts.into_iter().map(Value::Text).collect()),
        };
        map.insert(name, value);
    }
    Ok(Value::Map(map))
}

fn vector<T: candle_core::WithDType>(values: Vec<T>) -> Result<Tensor, Error> {
    let count = values.len();
    Ok(Tensor::from_vec(values, count, &Device::Cpu)?)
}

/// The columns as a tensor [rows, columns].
///
/// Errors: `File` for a column of strings
fn to_tensor(path: &str, table: Table) -> Result<Tensor, Error> {
    let mut columns = Vec::new();
    for (name, column) in table.names.into_iter().zip(table.columns) {
        columns.push(match column {
            Column::Numbers(numbers) => numbers,
            Column::Integers(integers) => integers.into_iter().map(|n| n as f64).collect(),
            Column::Texts(texts) => {
                let text = texts
                    .iter()
                    .find(|text| text.trim().parse::<f64>().is_err());
                let found = format!(
                    "the text {text:?} in column `{name}`",
                    text = text.unwrap_or(&name)
                );
                let expected = "numbers in all columns, for the option `tensor`";
                return Err(Error::file(path, FileError::Format { expected, found }));
            }
        });
    }
    let shape = (columns.len(), columns.first().map_or(0, Vec::len));
    let transposed = Tensor::from_vec(columns.concat(), shape, &Device::Cpu)?;
    Ok(transposed.t()?.contiguous()?)
}

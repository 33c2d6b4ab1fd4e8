//! Writing of tables.

use std::path::Path;

use ::csv::{ErrorKind, WriterBuilder};

use super::default_name;
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// The values of a column to write.
#[derive(Debug)]
pub enum Cells {
    Numbers(Vec<f64>),
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

impl Cells {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Cells::Numbers(numbers) => numbers.len(),
            Cells::Integers(integers) => integers.len(),
            Cells::Texts(texts) => texts.len(),
        }
    }

    /// Whether the column has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field in a row. Numbers have as many digits as are needed to read them back exactly.
    fn field(&self, row: usize) -> String {
        match self {
            Cells::Numbers(numbers) => format!("{:?}", numbers[row]),
            Cells::Integers(integers) => integers[row].to_string(),
            Cells::Texts(texts) => texts[row].clone(),
        }
    }
}

/// The text of a table whose columns have equal lengths. Without `names`, the columns are `c0`,
/// `c1`, ...; an empty list of names omits the header.
///
/// Errors: `File` if the columns cannot be written
pub fn serialize(
    path: &Path,
    names: Option<&[String]>,
    columns: &[Cells],
    delimiter: u8,
) -> Result<Vec<u8>> {
    let error = |error: ::csv::Error| Error::file(path, write_error(&error));
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    let default: Vec<String> = (0..columns.len()).map(default_name).collect();
    let names = names.unwrap_or(&default);
    if !names.is_empty() {
        writer.write_record(names).map_err(error)?;
    }
    for row in 0..columns.first().map_or(0, Cells::len) {
        let fields = columns.iter().map(|column| column.field(row));
        writer.write_record(fields).map_err(error)?;
    }
    writer.into_inner().map_err(|error| {
        let source = std::io::Error::other(error.to_string());
        let action = "writing";
        Error::file(path, FileError::System { action, source })
    })
}

fn write_error(error: &::csv::Error) -> FileError {
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => FileError::Format {
            expected: "one name per column",
            found: format!("{expected_len} names and {len} columns"),
        },
        _ => FileError::System {
            action: "writing",
            source: std::io::Error::other(error.to_string()),
        },
    }
}

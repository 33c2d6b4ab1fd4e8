//! Reading of tables. The first pass determines the type of each column and the memory that it
//! needs, the second pass converts the values.

use std::collections::HashSet;
use std::path::Path;

use ::csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};

use super::{Format, default_name};
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// Fields without a value, in any letter case.
const MISSING: [&str; 5] = ["", "na", "n/a", "nan", "null"];
/// Largest integer up to which f64 represents all integers exactly, 2^53.
const MAX_EXACT: u64 = 1 << 53;
/// Bytes of a text in memory in addition to its characters.
const TEXT_BYTES: usize = 64;

/// A table with named columns, in the order of the file.
#[derive(Debug)]
pub struct Table {
    pub names: Vec<String>,
    pub columns: Vec<Column>,
}

/// The values of a column.
#[derive(Debug)]
pub enum Column {
    /// Numbers; missing ones are NaN.
    Numbers(Vec<f64>),
    /// Integers of which one cannot be represented as f64.
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

/// The table in `text`, the content of the file at `path`. `max_bytes` limits the memory.
///
/// Errors: `File` for rows of different lengths, an empty file or repeated names; `Memory` beyond
/// the limit
pub fn parse(path: &Path, text: &str, format: Format, max_bytes: u64) -> Result<Table> {
    let names = header(path, text, format)?;
    let mut profiles: Vec<Profile> = names.iter().map(|_| Profile::default()).collect();
    let mut rows = 0;
    for_each_row(path, text, format, |record| {
        rows += 1;
        for (profile, field) in profiles.iter_mut().zip(record) {
            profile.add(field);
        }
    })?;
    check_memory(&profiles, rows, max_bytes)?;
    let mut columns: Vec<Column> = profiles
        .iter()
        .map(|profile| profile.column(rows))
        .collect();
    for_each_row(path, text, format, |record| {
        for (column, field) in columns.iter_mut().zip(record) {
            column.push(field);
        }
    })?;
    Ok(Table { names, columns })
}

/// The names of the columns, in the order of the file.
///
/// Errors: `File` for an empty file, or if a name occurs twice
pub fn header(path: &Path, text: &str, format: Format) -> Result<Vec<String>> {
    let mut first = StringRecord::new();
    let read = reader(text, format).read_record(&mut first);
    if !read.map_err(|error| table_error(path, format, error))? {
        let (expected, found) = ("a table", "no rows".into());
        return Err(Error::file(path, FileError::Format { expected, found }));
    }
    let mut unique = HashSet::new();
    let mut names = Vec::new();
    for (index, field) in first.iter().enumerate() {
        let name = match field.trim() {
            name if format.has_header && !name.is_empty() => name.to_string(),
            _ => default_name(index),
        };
        if !unique.insert(name.clone()) {
            return Err(Error::file(path, FileError::RepeatedColumn { name }));
        }
        names.push(name);
    }
    Ok(names)
}

/// The type that all fields of a column share.
#[derive(Debug)]
struct Profile {
    is_number: bool,
    is_integer: bool,
    has_large_integer: bool,
    /// Number of characters of all fields.
    length: usize,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            is_number: true,
            is_integer: true,
            has_large_integer: false,
            length: 0,
        }
    }
}

impl Profile {
    fn add(&mut self, field: &str) {
        self.length += field.len();
        if !self.is_number {
            return;
        }
        match field.trim().parse::<i64>() {
            Ok(n) => self.has_large_integer |= n.unsigned_abs() > MAX_EXACT,
            Err(_) => {
                self.is_integer = false;
                self.is_number = number(field).is_some();
            }
        }
    }

    fn column(&self, rows: usize) -> Column {
        match self {
            Profile {
                is_number: false, ..
            } => Column::Texts(Vec::with_capacity(rows)),
            Profile {
                is_integer: true,
                has_large_integer: true,
                ..
            } => Column::Integers(Vec::with_capacity(rows)),
            _ => Column::Numbers(Vec::with_capacity(rows)),
        }
    }
}

impl Column {
    fn push(&mut self, field: &str) {
        match self {
            Column::Numbers(numbers) => numbers.push(number(field).unwrap_or(f64::NAN)),
            Column::Integers(integers) => integers.push(field.trim().parse().unwrap_or_default()),
            Column::Texts(texts) => texts.push(field.into()),
        }
    }
}

/// The number in a field; NaN if it is missing, `None` for a string.
fn number(field: &str) -> Option<f64> {
    let field = field.trim();
    if MISSING
        .iter()
        .any(|missing| field.eq_ignore_ascii_case(missing))
    {
        return Some(f64::NAN);
    }
    field.parse().ok()
}

fn check_memory(profiles: &[Profile], rows: usize, limit: u64) -> Result<()> {
    let bytes = profiles.iter().map(|profile| match profile.is_number {
        true => rows as u128 * size_of::<f64>() as u128,
        false => rows as u128 * TEXT_BYTES as u128 + profile.length as u128,
    });
    let bytes: u128 = bytes.sum();
    match bytes <= limit.into() {
        true => Ok(()),
        false => Err(Error::Memory {
            op: "csv::read".into(),
            shape: vec![rows, profiles.len()],
            bytes,
            limit,
        }),
    }
}

fn reader(text: &str, format: Format) -> Reader<&[u8]> {
    // Windows programs mark UTF-8 files.
    let mut text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for _ in 0..format.skip_rows {
        match text.split_once('\n') {
            Some((_, rest)) => text = rest,
            None => {
                text = "";
                break;
            }
        }
    }
    ReaderBuilder::new()
        .delimiter(format.delimiter)
        .comment(format.comment)
        .has_headers(false)
        .trim(Trim::None)
        .from_reader(text.as_bytes())
}

/// Calls `visit` for each row after the header.
fn for_each_row(
    path: &Path,
    text: &str,
    format: Format,
    mut visit: impl FnMut(&StringRecord),
) -> Result<()> {
    let mut reader = reader(text, format);
    let mut record = StringRecord::new();
    let mut is_header = format.has_header;
    loop {
        let read = reader.read_record(&mut record);
        if !read.map_err(|error| table_error(path, format, error))? {
            return Ok(());
        }
        if !std::mem::take(&mut is_header) {
            visit(&record);
        }
    }
}

fn table_error(path: &Path, format: Format, error: ::csv::Error) -> Error {
    let fact = match error.kind() {
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => FileError::RowLength {
            line: pos
                .as_ref()
                .map_or(0, ::csv::Position::line)
                .saturating_add(format.skip_rows as u64),
            expected: *expected_len,
            found: *len,
        },
        _ => FileError::Format {
            expected: "a table",
            found: error.to_string(),
        },
    };
    Error::file(path, fact)
}

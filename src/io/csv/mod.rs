//! Tables of comma-separated values: named columns of numbers or strings.

mod read;
mod write;

pub use read::{Column, Table, header, parse};
pub use write::{Cells, serialize};

/// How the fields of a table are separated.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The character between two fields.
    pub delimiter: u8,
    /// The first character of lines that are ignored.
    pub comment: Option<u8>,
    /// Number of lines before the table.
    pub skip_rows: usize,
    /// Whether the first line of the table contains the names of the columns.
    pub has_header: bool,
}

/// The name of a column without a name.
fn default_name(index: usize) -> String {
    format!("c{index}")
}

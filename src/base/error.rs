//! The error type of the crate. Variants contain facts and numbers; only this file and `file_error`
//! contain the message texts, so that an error has the same text in both script languages and in
//! every layer.

use std::path::{Path, PathBuf};

use super::synonyms;

pub use super::file_error::{Difference, FileError};

/// Start of the operation of a memory error that concerns an entry of a file.
pub const READING_ENTRY: &str = "reading entry";

/// An error of the crate. [`std::fmt::Display`] states the expected and the actual value;
/// [`Error::hint`] states the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two shapes that are incompatible in an operation.
    #[error("{op}: shapes {left:?} and {right:?} are incompatible")]
    Shapes {
        op: &'static str,
        left: Vec<usize>,
        right: Vec<usize>,
    },
    /// An array whose shape differs from the expected one; `expected` names the axes, as in
    /// `[b, t, 3]`.
    #[error("{op}: expected {what} of shape {expected}, found {found:?}")]
    Shape {
        op: &'static str,
        what: &'static str,
        expected: String,
        found: Vec<usize>,
    },
    /// A network parameter with the wrong shape.
    #[error("network: expected parameter `{name}` of shape {expected:?}, found {found:?}")]
    Parameter {
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
    },
    /// An axis that does not exist in an array.
    #[error("{op}: expected an axis below {rank}, found {axis}")]
    Axis {
        op: &'static str,
        axis: i64,
        rank: usize,
    },
    /// An index that is out of bounds.
    #[error("{op}: expected an index in -{size}..{size}, found {index}")]
    Index {
        op: &'static str,
        index: i64,
        size: usize,
    },
    /// A value of the wrong kind.
    #[error("{of}: expected {expected}, found {found}")]
    Kind {
        of: String,
        expected: String,
        found: String,
    },
    /// A value that is out of range.
    #[error("{of}: expected `{name}` {expected}, found {found}")]
    Range {
        of: String,
        name: String,
        expected: String,
        found: String,
    },
    /// A network that PyTorch cannot represent; each property has a remedy.
    #[error(
        "network.save: expected a network that PyTorch can represent, found {}",
        found.iter().map(|(property, _)| property.as_str()).collect::<Vec<_>>().join(", and ")
    )]
    Export { found: Vec<(String, String)> },
    /// An unknown name; `category` states what it names (`option`, `layout`, ...).
    #[error("{of}: {category} `{name}` is not known")]
    Unknown {
        of: String,
        category: &'static str,
        name: String,
        known: Vec<String>,
    },
    /// A missing required option.
    #[error("{of}: option `{name}` is required ({doc})")]
    Missing {
        of: &'static str,
        name: &'static str,
        doc: String,
    },
    /// An infinite or NaN value where a finite one is required.
    #[error("{of}: {what} is not finite (found {found} at index {index})")]
    NotFinite {
        of: &'static str,
        what: String,
        found: f64,
        index: usize,
    },
    /// A request that exceeds the memory limit.
    #[error("{op}: shape {shape:?} needs {bytes} bytes, the limit is {limit} bytes")]
    Memory {
        op: String,
        shape: Vec<usize>,
        bytes: u128,
        limit: u64,
    },
    /// A request that exceeds the remaining memory of the run.
    #[error(
        "{op}: shape {shape:?} needs {bytes} bytes, and {used} of at most {limit} bytes are in use"
    )]
    MemoryInUse {
        op: String,
        shape: Vec<usize>,
        bytes: u128,
        used: u64,
        limit: u64,
    },
    /// A file that cannot be read or written, or has unexpected contents.
    #[error("{}: {fact}", path.display())]
    File { path: PathBuf, fact: FileError },
    /// A matrix for which a linear-algebra method failed.
    #[error("{op}: {fact}")]
    Algebra {
        op: &'static str,
        fact: &'static str,
    },
    /// The user stopped the operation.
    #[error("interrupted")]
    Interrupted,
    /// An error raised by a closure of the caller; passed through unchanged.
    #[error("{0}")]
    Caller(Box<dyn std::error::Error + Send + Sync>),
    /// An error of the array library that no check above detects.
    #[error("tensor: {0}")]
    Tensor(candle_core::Error),
}

/// A result with the error type [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<candle_core::Error> for Error {
    /// Removes the backtraces that candle may have wrapped around the error.
    fn from(mut error: candle_core::Error) -> Error {
        while let candle_core::Error::WithBacktrace { inner, .. } = error {
            error = *inner;
        }
        Error::Tensor(error)
    }
}

impl Error {
    /// An error of the file at `path`.
    pub fn file(path: impl AsRef<Path>, fact: FileError) -> Error {
        Error::File {
            path: path.as_ref().to_path_buf(),
            fact,
        }
    }

    /// The same error in the name of the function `name`, which uses the one that failed.
    pub fn within(mut self, name: &'static str) -> Error {
        match &mut self {
            Error::Shapes { op, .. }
            | Error::Shape { op, .. }
            | Error::Axis { op, .. }
            | Error::Index { op, .. }
            | Error::Algebra { op, .. } => *op = name,
            Error::NotFinite { of, .. } => *of = name,
            Error::Kind { of, .. } | Error::Range { of, .. } => *of = name.into(),
            _ => {}
        }
        self
    }

    /// The remedy, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Unknown { name, known, .. } => Some(hint_for_name(name, known)),
            Error::Export { found } => {
                let remedies = found.iter().map(|(_, remedy)| format!("{remedy}; "));
                Some(format!(
                    "{}or save it to an .h5 file",
                    remedies.collect::<String>()
                ))
            }
            Error::Memory { op, .. } if op.starts_with(READING_ENTRY) => {
                Some("read it in parts with h5::rows, or raise the limit with --max-memory".into())
            }
            Error::Memory { shape, .. } => {
                let empty = match shape.contains(&0) {
                    true => "an axis of length 0 counts as 1; ",
                    false => "",
                };
                let remedy = "make the shape smaller, or raise the limit with --max-memory";
                Some(format!("{empty}{remedy}"))
            }
            Error::MemoryInUse { .. } => Some(
                "release values that are no longer needed, or raise the limit with --max-memory"
                    .into(),
            ),
            Error::File { fact, .. } => fact.hint(),
            _ => None,
        }
    }
}

/// The element of `known` that probably was meant by `name`: the one with the same meaning, or else
/// the one with the most similar spelling, if it is similar enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Minimum Jaro-Winkler similarity, 0 to 1: less similar suggestions are confusing.
    const MIN_SIMILARITY: f64 = 0.8;
    let known: Vec<&str> = known.into_iter().collect();
    let synonym = synonyms::lookup(name, &known);
    let similar = known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    synonym.or(similar.map(|(_, other)| other))
}

fn hint_for_name(name: &str, known: &[String]) -> String {
    let all = format!("valid names: {}", known.join(", "));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

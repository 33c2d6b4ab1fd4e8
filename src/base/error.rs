//! The error type of the crate. Variants contain facts and numbers; only this file contains the
//! message texts, so that an error has the same text in both script languages and in every layer.

use std::path::{Path, PathBuf};

use super::synonyms;

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
    /// An error raised by a closure of the caller; passed through unchanged.
    #[error("{0}")]
    Caller(Box<dyn std::error::Error + Send + Sync>),
    /// An error of the array library that no check above detects.
    #[error("tensor: {0}")]
    Tensor(candle_core::Error),
}

/// An error of a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file does not exist")]
    Missing,
    #[error("this is a folder, expected a file")]
    Folder,
    #[error("this is {found}, expected a plain file or a new one")]
    Special { found: &'static str },
    /// A FIFO without a reader.
    #[error("no program reads this FIFO")]
    NoReader,
    #[error("expected {expected}, found {found}")]
    Format {
        expected: &'static str,
        found: String,
    },
    #[error("the file is damaged or truncated ({found})")]
    Damaged { found: String },
    #[error("expected an entry `{key}`, found {}", join_names(found))]
    Entry { key: String, found: Vec<String> },
    #[error("entry `{key}`: expected shape {expected}, found {found:?}")]
    EntryShape {
        key: String,
        expected: String,
        found: Vec<usize>,
    },
    #[error("entry `{key}` has an unsupported type: {found}")]
    EntryKind { key: String, found: String },
    #[error("entry `{key}` is damaged ({found})")]
    EntryDamaged { key: String, found: String },
    #[error(
        "entry `{key}` is a link to {}, which does not exist",
        describe_target(entry, file)
    )]
    DeadLink {
        key: String,
        entry: String,
        file: Option<String>,
    },
    #[error("entry `{key}` is compressed with {name}, which is not supported")]
    Filter { key: String, name: String },
    #[error("written by a newer version of HDF5 than 1.14, or damaged ({found})")]
    Newer { found: String },
    #[error("another program is writing the file, or crashed while it wrote")]
    Writing,
    #[error("entry `{key}` cannot be written: {found}")]
    EntryUnwritable { key: String, found: String },
    #[error("expected a PyTorch state dict, found {found}")]
    StateDict { found: String },
    #[error("expected {expected}, found {}", join_names(found))]
    Network {
        expected: String,
        found: Vec<String>,
        hint: &'static str,
    },
    #[error("the folder {} does not exist", folder.display())]
    NoFolder { folder: PathBuf },
    /// A checkpoint of a run with different settings.
    #[error(
        "the checkpoint belongs to a different run: {}",
        list_differences(differs)
    )]
    OtherRun { differs: Vec<Difference> },
    #[error("the checkpoint contains {done} batches, expected at most {asked}")]
    FurtherRun { done: usize, asked: usize },
    #[error(
        "the run in the checkpoint finished after {done} batches, and its result is this network"
    )]
    FinishedRun { done: usize },
    #[error("{action} failed: {source}")]
    System {
        action: &'static str,
        source: std::io::Error,
    },
}

/// A setting in which a run differs from the run of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub setting: String,
    /// Its value in this run.
    pub current: String,
    /// Its value in the checkpoint.
    pub saved: String,
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

    /// The remedy, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Unknown { name, known, .. } => Some(hint_for_name(name, known)),
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

impl FileError {
    /// The reason why an entry of a file cannot be read, without its name; `None` if the error
    /// concerns the whole file.
    pub fn entry_reason(&self) -> Option<String> {
        Some(match self {
            FileError::EntryKind { found, .. } => found.clone(),
            FileError::EntryDamaged { found, .. } => format!("damaged ({found})"),
            FileError::DeadLink { entry, file, .. } => {
                format!(
                    "a link to {}, which does not exist",
                    describe_target(entry, file)
                )
            }
            FileError::Filter { name, .. } => format!("compressed with {name}, not supported"),
            FileError::Newer { .. } => self.to_string(),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        match self {
            FileError::Missing => {
                Some("paths are relative to the working directory of `attractor`".into())
            }
            FileError::Special { .. } => {
                Some("nothing was written; use a path that ends in a file name".into())
            }
            FileError::NoReader => Some("start the program that reads it first".into()),
            FileError::Entry { key, found } => nearest(key, found.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?")),
            FileError::EntryDamaged { .. } => Some(
                "other entries may be intact: h5::list shows them, h5::read(path, entry) reads one"
                    .into(),
            ),
            FileError::DeadLink { file: Some(_), .. } => {
                Some("the path of the linked file is relative to the folder of this file".into())
            }
            FileError::Filter { .. } => Some(
                "rewrite the file where the filter is installed: h5repack -f GZIP=4 old.h5 new.h5"
                    .into(),
            ),
            FileError::Newer { .. } => Some(
                "rewrite it with h5repack --high=v114 old.h5 new.h5, or in h5py with \
                 libver=(\"earliest\", \"v114\")"
                    .into(),
            ),
            FileError::Writing => Some(
                "close it in that program; if no program has it open, run h5clear -s FILE".into(),
            ),
            FileError::StateDict { .. } => Some(
                "in Python, save one with torch.save(model.state_dict(), \"weights.pt\")".into(),
            ),
            FileError::Network { hint, .. } => Some((*hint).into()),
            FileError::NoFolder { .. } => {
                Some("create the folder first, or choose another folder with --out".into())
            }
            FileError::OtherRun { .. } | FileError::FurtherRun { .. } => Some(
                "to start a new run, delete the file or set `resume: false`; otherwise use a \
                 different checkpoint file for this run"
                    .into(),
            ),
            FileError::FinishedRun { .. } => Some(
                "to continue training, increase `batches`; to start a new run, use a different \
                 checkpoint file or `resume: false`"
                    .into(),
            ),
            FileError::System { source, .. } => match source.kind() {
                std::io::ErrorKind::WouldBlock => {
                    Some("another program has the file open: close it in that program".into())
                }
                std::io::ErrorKind::NotFound => {
                    Some("this path cannot be written: choose another folder with --out".into())
                }
                std::io::ErrorKind::PermissionDenied => Some("check the file's permissions".into()),
                std::io::ErrorKind::StorageFull => {
                    Some("free disk space, or choose another folder with --out".into())
                }
                _ => None,
            },
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

fn list_differences(differs: &[Difference]) -> String {
    let describe = |d: &Difference| {
        format!(
            "{} is {}, but {} in the checkpoint",
            d.setting, d.current, d.saved
        )
    };
    differs.iter().map(describe).collect::<Vec<_>>().join("; ")
}

fn describe_target(entry: &str, file: &Option<String>) -> String {
    match file {
        Some(file) => format!("`{entry}` in {file}"),
        None => format!("`{entry}`"),
    }
}

fn join_names(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

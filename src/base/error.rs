//! The one error type: facts with numbers. Words are chosen here and nowhere else, so that a
//! fault reads the same whichever language or floor it was met in.

use std::path::{Path, PathBuf};

/// What can go wrong, as facts. [`std::fmt::Display`] says expected and found;
/// [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two shapes that an operation cannot join.
    #[error("{op}: shapes {left:?} and {right:?} do not fit together")]
    Shapes {
        op: &'static str,
        left: Vec<usize>,
        right: Vec<usize>,
    },
    /// One array of a shape other than the expected one; `expected` names the axes, as in
    /// `[b, t, 3]`.
    #[error("{op}: expected {what} of shape {expected}, found {found:?}")]
    Shape {
        op: &'static str,
        what: &'static str,
        expected: String,
        found: Vec<usize>,
    },
    /// A parameter of a network with another shape than it has there.
    #[error("network: expected parameter `{name}` of shape {expected:?}, found {found:?}")]
    Parameter {
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
    },
    /// An axis that an array does not have.
    #[error("{op}: expected an axis below {rank}, found {axis}")]
    Axis {
        op: &'static str,
        axis: i64,
        rank: usize,
    },
    /// An index outside an axis.
    #[error("{op}: expected an index in -{size}..{size}, found {index}")]
    Index {
        op: &'static str,
        index: i64,
        size: usize,
    },
    /// A value of another kind than the expected one.
    #[error("{of}: expected {expected}, found {found}")]
    Kind {
        of: String,
        expected: String,
        found: String,
    },
    /// A number outside its range.
    #[error("{of}: expected `{name}` {expected}, found {found}")]
    Range {
        of: String,
        name: String,
        expected: String,
        found: String,
    },
    /// A name that is not one of the known ones; `sort` says of what (`option`, `layout`, ...).
    #[error("{of}: {sort} `{name}` is not known")]
    Unknown {
        of: String,
        sort: &'static str,
        name: String,
        known: Vec<String>,
    },
    /// A needed option that was not given.
    #[error("{of}: option `{name}` is needed ({doc})")]
    Missing {
        of: &'static str,
        name: &'static str,
        doc: String,
    },
    /// An infinite or undefined number where a finite one is needed.
    #[error("{of}: {what} is not finite (found {found} at index {index})")]
    NotFinite {
        of: &'static str,
        what: String,
        found: f64,
        index: usize,
    },
    /// A request for more memory than is allowed.
    #[error("{op}: shape {shape:?} needs {bytes} bytes, the limit is {limit} bytes")]
    Memory {
        op: String,
        shape: Vec<usize>,
        bytes: u128,
        limit: u64,
    },
    /// A request for more memory than the run has left.
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
    /// A file that could not be read or written, or does not hold what it should.
    #[error("{}: {fact}", path.display())]
    File { path: PathBuf, fact: FileFault },
    /// A matrix on which a method of linear algebra gave no result.
    #[error("{op}: {fact}")]
    Algebra {
        op: &'static str,
        fact: &'static str,
    },
    /// A fault raised by a closure that the caller handed in; passed through unchanged.
    #[error("{0}")]
    Caller(Box<dyn std::error::Error + Send + Sync>),
    /// A fault of the array library that none of the checks above foresaw.
    #[error("tensor: {0}")]
    Tensor(candle_core::Error),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    #[error("the file does not exist")]
    Missing,
    #[error("this is a folder, expected a file")]
    Folder,
    #[error("this is {found}, expected a plain file or a new one")]
    Special { found: &'static str },
    /// A FIFO without a reader.
    #[error("no program reads this FIFO")]
    Unread,
    #[error("expected {expected}, found {found}")]
    Format {
        expected: &'static str,
        found: String,
    },
    #[error("the file is damaged or cut short ({found})")]
    Damaged { found: String },
    #[error("expected an entry `{key}`, found {}", list(found))]
    Entry { key: String, found: Vec<String> },
    #[error("entry `{key}`: expected shape {expected}, found {found:?}")]
    EntryShape {
        key: String,
        expected: String,
        found: Vec<usize>,
    },
    #[error("entry `{key}` is of a kind that cannot be read: {found}")]
    EntryKind { key: String, found: String },
    #[error("entry `{key}` is damaged ({found})")]
    EntryDamaged { key: String, found: String },
    #[error(
        "entry `{key}` is a link to {}, which is not there",
        target(entry, file)
    )]
    DeadLink {
        key: String,
        entry: String,
        file: Option<String>,
    },
    #[error("entry `{key}` is compressed with {name}, which is not built in")]
    Filter { key: String, name: String },
    #[error("written by a newer version of HDF5 than 1.14, or damaged ({found})")]
    Newer { found: String },
    #[error("another program is writing the file, or crashed while it wrote")]
    Writing,
    #[error("entry `{key}` cannot be written: {found}")]
    EntryUnwritable { key: String, found: String },
    #[error("expected a state dict of PyTorch, found {found}")]
    StateDict { found: String },
    #[error("expected {expected}, found {}", list(found))]
    Network {
        expected: String,
        found: Vec<String>,
        hint: &'static str,
    },
    #[error("the folder {} does not exist", folder.display())]
    NoFolder { folder: PathBuf },
    /// A checkpoint of a run that goes another way.
    #[error("the checkpoint is of another run: {}", told(differs))]
    OtherRun { differs: Vec<Difference> },
    #[error("the checkpoint is of a run of {done} batches, expected at most {asked}")]
    FurtherRun { done: usize, asked: usize },
    #[error("the run in the checkpoint is finished, after {done} batches, with this very network")]
    FinishedRun { done: usize },
    #[error("{action} failed: {source}")]
    System {
        action: &'static str,
        source: std::io::Error,
    },
}

/// One thing in which a run is not the one that a checkpoint is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: String,
    /// What it is in this run.
    pub here: String,
    /// What it is in the checkpoint.
    pub kept: String,
}

/// A result whose fault is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<candle_core::Error> for Error {
    /// The error itself, without the stack of calls that candle may have wrapped around it.
    fn from(mut error: candle_core::Error) -> Error {
        while let candle_core::Error::WithBacktrace { inner, .. } = error {
            error = *inner;
        }
        Error::Tensor(error)
    }
}

impl Error {
    /// A fault of the file at `path`.
    pub fn file(path: impl AsRef<Path>, fact: FileFault) -> Error {
        Error::File {
            path: path.as_ref().to_path_buf(),
            fact,
        }
    }

    /// What the user can do about it, if that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Unknown {
                name, known, of, ..
            } => Some(hint_for_name(of, name, known)),
            Error::Memory { shape, .. } => {
                let empty = match shape.contains(&0) {
                    true => "an axis of 0 counts as 1 here; ",
                    false => "",
                };
                let remedy = "make the shape smaller, or raise the limit with --max-memory";
                Some(format!("{empty}{remedy}"))
            }
            Error::MemoryInUse { .. } => Some(
                "free values that are no longer needed, or raise the limit with --max-memory"
                    .into(),
            ),
            Error::File { fact, .. } => fact.hint(),
            _ => None,
        }
    }
}

impl FileFault {
    /// Why one entry of a file cannot be read, without its name; none for an error of the file.
    pub fn entry_reason(&self) -> Option<String> {
        Some(match self {
            FileFault::EntryKind { found, .. } => found.clone(),
            FileFault::EntryDamaged { found, .. } => format!("damaged ({found})"),
            FileFault::DeadLink { entry, file, .. } => {
                format!("a link to {}, which is not there", target(entry, file))
            }
            FileFault::Filter { name, .. } => format!("compressed with {name}, not built in"),
            FileFault::Newer { .. } => self.to_string(),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        match self {
            FileFault::Missing => {
                Some("paths are relative to the folder that `attractor` was started in".into())
            }
            FileFault::Special { .. } => {
                Some("nothing was written; save to a path that ends in the name of a file".into())
            }
            FileFault::Unread => Some("start the program that reads it first".into()),
            FileFault::Entry { key, found } => nearest(key, found.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?")),
            FileFault::EntryDamaged { .. } => Some(
                "other entries may be whole: h5::list shows them, h5::read(path, entry) reads one"
                    .into(),
            ),
            FileFault::DeadLink { file: Some(_), .. } => {
                Some("the linked file is looked for in the folder of this one".into())
            }
            FileFault::Filter { .. } => Some(
                "rewrite the file where the filter is at hand: h5repack -f GZIP=4 old.h5 new.h5"
                    .into(),
            ),
            FileFault::Newer { .. } => Some(
                "rewrite it with h5repack --high=v114 old.h5 new.h5, or in h5py with \
                 libver=(\"earliest\", \"v114\")"
                    .into(),
            ),
            FileFault::Writing => Some(
                "close it there; if no program has it open, h5clear -s FILE makes it readable"
                    .into(),
            ),
            FileFault::StateDict { .. } => Some(
                "save one in Python with torch.save(model.state_dict(), \"weights.pt\")".into(),
            ),
            FileFault::Network { hint, .. } => Some((*hint).into()),
            FileFault::NoFolder { .. } => {
                Some("make the folder first, or write elsewhere with --out".into())
            }
            FileFault::OtherRun { .. } | FileFault::FurtherRun { .. } => Some(
                "to start anew, delete the file or give `resume: false`; else give this run a \
                 checkpoint of its own"
                    .into(),
            ),
            FileFault::FinishedRun { .. } => Some(
                "to train on, raise `batches`; a new run wants a checkpoint of its own, or \
                 `resume: false`"
                    .into(),
            ),
            FileFault::System { source, .. } => match source.kind() {
                std::io::ErrorKind::WouldBlock => {
                    Some("another program has the file open: close it there".into())
                }
                std::io::ErrorKind::NotFound => {
                    Some("nothing can be written there: write elsewhere with --out".into())
                }
                std::io::ErrorKind::PermissionDenied => Some("check the file's permissions".into()),
                std::io::ErrorKind::StorageFull => {
                    Some("free some disk space, or write elsewhere with --out".into())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// The one of `known` that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this similarity (Jaro-Winkler, 0 to 1) a suggestion confuses more than it helps.
    const LIKENESS: f64 = 0.8;
    known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

fn hint_for_name(of: &str, name: &str, known: &[String]) -> String {
    let all = format!("{of} knows {}", known.join(", "));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

fn told(differs: &[Difference]) -> String {
    let one = |Difference { what, here, kept }| format!("{what} is {here}, and {kept} there");
    let all: Vec<String> = differs.iter().cloned().map(one).collect();
    all.join("; ")
}

fn target(entry: &str, file: &Option<String>) -> String {
    match file {
        Some(file) => format!("`{entry}` in {file}"),
        None => format!("`{entry}`"),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

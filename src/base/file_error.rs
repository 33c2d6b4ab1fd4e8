//! The errors of files, with their message texts.

use std::ops::Range;
use std::path::PathBuf;

use super::error::nearest;

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
    /// A FIFO without a writer.
    #[error("no program writes to this FIFO")]
    NoWriter,
    #[error("expected {expected}, found {found}")]
    Format {
        expected: &'static str,
        found: String,
    },
    /// A row of a table.
    #[error("line {line}: expected {expected} fields, found {found}")]
    RowLength {
        line: u64,
        expected: u64,
        found: u64,
    },
    #[error("the column name `{name}` occurs twice")]
    RepeatedColumn { name: String },
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
    #[error(
        "entry `{key}` has {size} rows, expected first and end in 0..={size} and first <= end, \
         found first {} and end {}",
        rows.start, rows.end
    )]
    Rows {
        key: String,
        rows: Range<usize>,
        size: usize,
    },
    #[error("entry `{key}` has no rows: it is {found}")]
    NoRows { key: String, found: &'static str },
    #[error("entry `{key}` is in the file {file}, which the sandbox does not allow to read")]
    Denied { key: String, file: String },
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
            FileError::Denied { file, .. } => {
                format!("in the file {file}, which the sandbox does not allow to read")
            }
            _ => return None,
        })
    }

    /// The remedy, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            FileError::Missing => {
                Some("paths are relative to the working directory of `attractor`".into())
            }
            FileError::Format { found, .. } => reader_of(found).map(String::from),
            FileError::RowLength { .. } => Some(
                "check the delimiter of the file and the options `delimiter` and `comment`".into(),
            ),
            FileError::RepeatedColumn { .. } => Some(
                "rename the column, or omit the header with `skip_rows: 1` and `header: false`"
                    .into(),
            ),
            FileError::Special { .. } => {
                Some("nothing was written; use a path that ends in a file name".into())
            }
            FileError::NoReader => Some("start the program that reads it first".into()),
            FileError::NoWriter => Some("start the program that writes to it first".into()),
            FileError::Entry { key, found } => nearest(key, found.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?")),
            FileError::EntryDamaged { .. } => Some(
                "other entries may be intact: h5::list shows them, h5::read(path, entry) reads one"
                    .into(),
            ),
            FileError::NoRows { key, .. } => {
                Some(format!("h5::read(path, \"{key}\") reads the whole entry"))
            }
            FileError::Denied { .. } => {
                Some("allow the folder of that file with --allow-read DIR".into())
            }
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

/// The function that reads a file of another format.
fn reader_of(found: &str) -> Option<&'static str> {
    match found {
        "a NumPy array (.npy)" => Some("npy::read(path) reads NumPy arrays"),
        "a zip archive (.npz or .pt)" => {
            Some("npz::read(path) reads NumPy archives, rnn::load(path) networks of PyTorch")
        }
        "a MATLAB 5 file" => Some("mat::read(path) reads MAT-files"),
        "an HDF5 file" => Some("h5::read(path) reads HDF5 files"),
        _ => None,
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

//! The script module `tasks`, data sets: from tensors or from a file.

use std::path::PathBuf;
use std::rc::Rc;

use super::context::Context;
use super::convert::{New, as_counts, to_tensor};
use super::diagnostic::Diagnostic;
use super::h5::limits;
use super::native::FromValue;
use super::options::CallOptions;
use super::tasks::AnyTask;
use super::value::{Map, Object, Value};
use crate::base::Error;
use crate::base::error::FileError;
use crate::io::hdf5::ReadOptions;
use crate::io::{Tree, hdf5};
use crate::random::Key;
use crate::tasks::Dataset;
use crate::tasks::dataset::{RawArray, RawData};
use crate::tensor::{DType, Tensor, convert};

/// Name of the function in error messages.
const OF: &str = "tasks::dataset";

crate::options! {
    /// The arrays of a data set.
    pub struct Given for "tasks::dataset" {
        /// [n, t, i], or a list of [t, i], one per trial.
        inputs: Option<Numbers> = None;
        /// [n, t, o], or a list of [t, o]; or [n, o]: targets of the last time step of each trial,
        /// with a loss over the last time step only.
        targets: Option<Numbers> = None;
        /// Loss weights of the time steps, [n, t], or a list of [t]. Without it, all weights are 1.
        mask: Option<Numbers> = None;
        /// Number of time steps of each trial, [n]. Later time steps are padding: they are set to
        /// zero and excluded from the loss.
        lengths: Option<Numbers> = None;
    }
}

crate::natives! {
    /// Tasks that networks are trained on; each task samples its trials from a key.
    module "tasks";

    /// A task over existing trials: a map of tensors, or the path of an HDF5 file with the names of
    /// its entries.
    ///
    /// Trials of different lengths are given as lists of tensors or with `lengths`. They are
    /// padded, and the padding is excluded from the loss. All values that contribute to the loss
    /// must be finite.
    ///
    /// Training visits each trial once per epoch, in an order determined by the key of the run and
    /// the index of the epoch. Batches continue across the end of an epoch. `batch` returns the
    /// first trials of such an order.
    ///
    /// > let x = [[[0.0], [1.0]], [[2.0], [3.0]], [[4.0], [5.0]]];
    /// > h5::write("walks.h5", #{ x: x, last: [[1.0], [0.0], [1.0]] });
    /// > tasks::dataset("walks.h5", #{ inputs: "x", targets: "last" })
    /// = task dataset: 3 trials, 2 steps, 1 inputs, 1 outputs
    fn dataset(cx: &Context, data: Value, names: CallOptions<Given>) -> New<AnyTask> {
        let (path, given) = match data {
            Value::Text(path) => (Some(cx.input_path(&path)?), names.into_inner()),
            Value::Map(map) => (None, CallOptions::<Given>::read(OF, map)?.into_inner()),
            other => {
                let expected = "a map of tensors, or the path of a file".into();
                return Err(Error::Kind { of: OF.into(), expected, found: other.kind() }.into());
            }
        };
        let source = path.map(|path| Source { path, options: limits(cx) });
        let parts = parts(given, source.as_ref())?;
        room(cx, &parts)?;
        Ok(New(AnyTask::of_data(Dataset::new(parts)?)))
    }

    /// Two disjoint data sets, as a map of `train` and `validation`.
    ///
    /// `validation` contains the fraction `part` of the trials, sampled with the key; `train`
    /// contains the others. Neither can be empty.
    ///
    /// > let x = random::normal(random::key(0), [20, 5, 1]);
    /// > let sets = tasks::dataset(#{ inputs: x, targets: x }).split(0.1, random::key(1));
    /// > [sets.train.count(), sets.validation.count()]
    /// = [18, 2]
    fn split(this: Rc<AnyTask>, part: f64, key: Key) -> Map {
        let [train, validation] = this.data("task.split")?.split(part, &key)?;
        let sets = [("train", train), ("validation", validation)];
        let value = |set| Value::Object(Object::new(AnyTask::of_data(set)));
        Ok(sets.map(|(name, set)| (name.to_string(), value(set))).into())
    }

    /// The number of trials of a data set.
    ///
    /// > let x = random::normal(random::key(0), [20, 5, 1]);
    /// > tasks::dataset(#{ inputs: x, targets: x }).count()
    /// = 20
    fn count(this: Rc<AnyTask>) -> usize { Ok(this.data("task.count")?.count()) }
}

/// An array, or the name of an entry in a file.
#[derive(Clone)]
pub enum Numbers {
    Here(RawArray),
    Entry(String),
}

impl FromValue for Numbers {
    fn kind() -> String {
        "tensor, list of tensors or name in a file".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        // Plain numbers are converted directly to f64, without rounding to f32.
        let one = |value: &Value| match value {
            Value::Tensor(tensor) => Some(tensor.clone()),
            other => to_tensor(other, DType::F64),
        };
        let Value::List(items) = &value else {
            return match value {
                Value::Text(name) => Ok(Numbers::Entry(name)),
                Value::Tensor(tensor) => Ok(Numbers::Here(RawArray::Stacked(tensor))),
                other => Err(other),
            };
        };
        let apart = items
            .iter()
            .any(|item| matches!(item, Value::Tensor(x) if x.rank() > 0));
        let whole = if apart {
            None
        } else {
            to_tensor(&value, DType::F64)
        };
        let part = match whole {
            Some(tensor) => Some(RawArray::Stacked(tensor)),
            None => items
                .iter()
                .map(one)
                .collect::<Option<_>>()
                .map(RawArray::PerTrial),
        };
        part.map(Numbers::Here).ok_or(value)
    }
}

/// The file of a data set.
struct Source {
    path: PathBuf,
    options: ReadOptions,
}

/// The arrays of a data set; entries of a file are read.
///
/// Errors: `Missing` without inputs or targets
fn parts(given: Given, path: Option<&Source>) -> Result<RawData, Diagnostic> {
    let needed = |name, doc: &str, numbers: Option<Numbers>| match numbers {
        Some(numbers) => read(name, numbers, path),
        None => {
            let (of, doc) = (OF, doc.into());
            Err(Error::Missing { of, name, doc }.into())
        }
    };
    let maybe = |name, numbers: Option<Numbers>| {
        let part = numbers.map(|numbers| read(name, numbers, path));
        part.transpose()
    };
    Ok(RawData {
        inputs: needed("inputs", "[n, t, i]", given.inputs)?,
        targets: Some(needed("targets", "[n, t, o]", given.targets)?),
        mask: maybe("mask", given.mask)?,
        lengths: maybe("lengths", given.lengths)?.map(lengths).transpose()?,
    })
}

/// One array, read from the file if it is an entry name.
fn read(
    name: &'static str,
    numbers: Numbers,
    source: Option<&Source>,
) -> Result<RawArray, Diagnostic> {
    let (key, source) = match (numbers, source) {
        (Numbers::Here(part), _) => return Ok(part),
        (Numbers::Entry(key), Some(source)) => (key, source),
        (Numbers::Entry(key), None) => {
            let of = format!("{OF}: option `{name}`");
            let (expected, found) = ("a tensor or a list of tensors".into(), format!("\"{key}\""));
            let hint = "names belong to a file: tasks::dataset(\"data.h5\", names)";
            return Err(Diagnostic::from(Error::Kind {
                of,
                expected,
                found,
            })
            .hint(hint));
        }
    };
    let tensor = |tree| match tree {
        Tree::Tensor(tensor) => Some(tensor),
        _ => None,
    };
    let tree = hdf5::read_content(&source.path, &key, &source.options)?.tree;
    let found = tree.kind();
    let part = match tree {
        Tree::List(items) => {
            let items = items.into_iter().map(tensor).collect::<Option<_>>();
            items.map(RawArray::PerTrial)
        }
        other => tensor(other).map(RawArray::Stacked),
    };
    part.ok_or_else(|| {
        let found = format!("{found}, expected an array or a list of arrays");
        Error::file(&source.path, FileError::EntryKind { key, found }).into()
    })
}

/// The number of time steps of each trial.
fn lengths(part: RawArray) -> Result<Vec<usize>, Diagnostic> {
    let numbers = match &part {
        RawArray::Stacked(tensor) => convert::to_f64(tensor)?,
        RawArray::PerTrial(tensors) => {
            let all = tensors.iter().map(convert::to_f64);
            all.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    Ok(as_counts(OF, "lengths", &numbers)?)
}

/// Checks the memory size of the padded data set.
///
/// Errors: `Memory` if it exceeds the limit
fn room(cx: &Context, parts: &RawData) -> Result<(), Diagnostic> {
    let sizes = |part: &RawArray| -> [usize; 3] {
        let axis = |tensor: &Tensor, k: usize| tensor.dims().get(k).copied().unwrap_or(1);
        match part {
            RawArray::Stacked(x) if x.rank() == 2 => [axis(x, 0), 1, axis(x, 1)],
            RawArray::Stacked(x) => [0, 1, 2].map(|k| axis(x, k)),
            RawArray::PerTrial(all) => {
                let most = |k| all.iter().map(|x| axis(x, k)).max().unwrap_or(0);
                [all.len(), most(0), most(1)]
            }
        }
    };
    let [n, t, i] = sizes(&parts.inputs);
    let [_, _, o] = parts.targets.as_ref().map_or([0; 3], sizes);
    cx.check_memory(OF, &[n, t, i.max(o)], DType::F64)
}

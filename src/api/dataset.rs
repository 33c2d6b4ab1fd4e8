//! The script module `tasks`, data sets: from tensors or from a file.

use std::path::PathBuf;
use std::rc::Rc;

use super::any_task::AnyTask;
use super::array_source::ArraySource;
use super::context::Context;
use super::convert::{New, as_counts};
use super::diagnostic::Diagnostic;
use super::h5::{read_options, to_value};
use super::labels::{self, Labels};
use super::native::{Arg, Args, FromArgs};
use super::options::CallOptions;
use super::value::{FromValue, Map, Object, Value};
use crate::base::Error;
use crate::base::error::FileError;
use crate::io::hdf5::ReadOptions;
use crate::io::{Tree, hdf5};
use crate::random::Key;
use crate::tasks::Dataset;
use crate::tasks::dataset::{RawArray, RawData};
use crate::tensor::{DType, Device, Tensor, convert};

/// Name of the function in error messages.
const OF: &str = "tasks::dataset";

crate::options! {
    /// The arrays of a data set.
    pub struct ArrayOptions for "tasks::dataset" {
        /// [n, t, i], or a list of [t, i], one per trial.
        inputs: Option<ArraySource> = None, default "no inputs";
        /// [n, t, o], or a list of [t, o]; or [n, o]: targets of the last time step of each trial,
        /// with a loss over the last time step only.
        targets: Option<ArraySource> = None, default crate::base::options::REQUIRED;
        /// Loss weights of the time steps, [n, t], or a list of [t].
        mask: Option<ArraySource> = None, default "ones";
        /// Number of time steps of each trial, [n]. Later time steps are padding: they are set to
        /// zero and excluded from the loss.
        lengths: Option<ArraySource> = None, default "t, or the lengths of the listed trials";
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
    /// Further entries are labels of the trials, such as the coherence or the condition: tensors
    /// [n, ..] or lists of n strings. `split` and `batch` keep them with their trials, and training
    /// ignores them.
    ///
    /// > let x = [[[0.0], [1.0]], [[2.0], [3.0]], [[4.0], [5.0]]];
    /// > h5::write("walks.h5", #{ x: x, last: [[1.0], [0.0], [1.0]], side: ["l", "r", "r"] });
    /// > let task = tasks::dataset("walks.h5", #{ inputs: "x", targets: "last", side: "side" });
    /// > task.batch(3, random::key(0)).side
    /// = ["r", "l", "r"]
    fn dataset(cx: &Context, data: Value, names: Names) -> New<AnyTask> {
        let (path, entries) = match data {
            Value::Text(path) => (Some(cx.input_path(&path)?), names),
            Value::Map(map) => (None, Names::read(OF, map)?),
            other => {
                let expected = "a map of tensors, or the path of a file".into();
                return Err(Error::Kind { of: OF.into(), expected, found: other.kind() }.into());
            }
        };
        let source = path.map(|path| SourceFile { path, options: read_options(cx) });
        let data = read_arrays(entries.arrays, source.as_ref())?;
        check_padded_memory(cx, &data)?;
        let labels = read_labels(entries.labels, source.as_ref())?;
        let dataset = Dataset::new(data)?;
        let labels = Labels::read(OF, labels, dataset.count())?;
        Ok(New(AnyTask::from_dataset(dataset, Rc::new(labels))))
    }

    /// Two disjoint data sets, as a map of `train` and `validation`.
    ///
    /// `validation` contains the fraction `part` of the trials, at most 0.5, sampled with the key;
    /// `train` contains the others. Neither can be empty. Trials keep their labels.
    ///
    /// > let x = random::normal(random::key(0), [20, 5, 1]);
    /// > let sets = tasks::dataset(#{ inputs: x, targets: x }).split(0.1, random::key(1));
    /// > [sets.train.count(), sets.validation.count()]
    /// = [18, 2]
    fn split(this: Rc<AnyTask>, part: f64, key: Key) -> Map {
        let [train, validation] = this.as_dataset("task.split")?.split(part, &key)?;
        let sets = [("train", train), ("validation", validation)];
        let labels = this.dataset_labels();
        let task = |set| AnyTask::from_dataset(set, labels.clone());
        let value = |set| Value::Object(Object::new(task(set)));
        Ok(sets.map(|(name, set)| (name.to_string(), value(set))).into())
    }

    /// The number of trials of a data set.
    ///
    /// > let x = random::normal(random::key(0), [20, 5, 1]);
    /// > tasks::dataset(#{ inputs: x, targets: x }).count()
    /// = 20
    fn count(this: Rc<AnyTask>) -> usize { Ok(this.as_dataset("task.count")?.count()) }
}

/// The arrays of a data set and the labels of its trials, or their names in a file.
struct Names {
    arrays: ArrayOptions,
    labels: Map,
}

impl Names {
    /// Errors: a misspelled entry; an array that has the wrong kind
    fn read(of: &str, mut entries: Map) -> Result<Names, Diagnostic> {
        let labels = labels::separate(of, &mut entries)?;
        let arrays = CallOptions::<ArrayOptions>::read(of, entries)?.into_inner();
        Ok(Names { arrays, labels })
    }
}

impl<'a> FromArgs<'a> for Names {
    fn arg(name: &'static str) -> Option<Arg> {
        <CallOptions<ArrayOptions> as FromArgs>::arg(name)
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Diagnostic> {
        let value = args.take_value().unwrap_or(Value::Nil);
        let value = match value {
            Value::Nil => Value::Map(Map::new()),
            value => value,
        };
        match Map::from_value(value) {
            Ok(entries) => Names::read(&args.function(), entries),
            Err(other) => Err(args.kind_error(name, "map of options", &other)),
        }
    }
}

/// The labels; entries of a file are read.
///
/// Errors: the file has no such entry
fn read_labels(labels: Map, source: Option<&SourceFile>) -> Result<Map, Diagnostic> {
    let read = |(name, value)| match (value, source) {
        (Value::Text(key), Some(source)) => {
            let tree = hdf5::read_content(&source.path, &key, &source.options)?.tree;
            Ok((name, to_value(tree)))
        }
        (value, _) => Ok((name, value)),
    };
    labels.into_iter().map(read).collect()
}

/// The file of a data set.
struct SourceFile {
    path: PathBuf,
    options: ReadOptions,
}

/// The arrays of a data set; entries of a file are read.
///
/// Errors: `Missing` without targets, or without inputs where the targets do not state their sizes
fn read_arrays(arrays: ArrayOptions, file: Option<&SourceFile>) -> Result<RawData, Diagnostic> {
    let require = |name, doc: &str, array: Option<ArraySource>| match array {
        Some(array) => read_array(name, array, file),
        None => {
            let (of, doc) = (OF, doc.into());
            Err(Error::Missing { of, name, doc }.into())
        }
    };
    let read_optional = |name, array: Option<ArraySource>| {
        let array = array.map(|array| read_array(name, array, file));
        array.transpose()
    };
    let inputs = read_optional("inputs", arrays.inputs)?;
    let targets = require("targets", "[n, t, o]", arrays.targets)?;
    Ok(RawData {
        inputs: inputs.map_or_else(|| no_inputs(&targets), Ok)?,
        targets: Some(targets),
        mask: read_optional("mask", arrays.mask)?,
        lengths: read_optional("lengths", arrays.lengths)?
            .map(read_lengths)
            .transpose()?,
    })
}

/// Inputs without features, for the trials and time steps of the targets.
///
/// Errors: `Missing` for targets of the last time step only
fn no_inputs(targets: &RawArray) -> Result<RawArray, Diagnostic> {
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu);
    Ok(match targets {
        RawArray::Stacked(targets) if targets.rank() == 3 => {
            let (n, t, _) = targets.dims3()?;
            RawArray::Stacked(zeros(&[n, t, 0])?)
        }
        RawArray::PerTrial(targets) if targets.iter().all(|targets| targets.rank() == 2) => {
            let all = targets.iter().map(|targets| zeros(&[targets.dims()[0], 0]));
            RawArray::PerTrial(all.collect::<Result<_, _>>()?)
        }
        _ => {
            let (of, name, doc) = (OF, "inputs", "[n, t, i]".into());
            return Err(Error::Missing { of, name, doc }.into());
        }
    })
}

/// One array, read from the file if it is an entry name.
fn read_array(
    name: &'static str,
    array: ArraySource,
    source: Option<&SourceFile>,
) -> Result<RawArray, Diagnostic> {
    let (key, source) = match (array, source) {
        (ArraySource::Array(array), _) => return Ok(array),
        (ArraySource::Entry(key), Some(source)) => (key, source),
        (ArraySource::Entry(key), None) => {
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
    let kind = tree.kind();
    let array = match tree {
        Tree::List(items) => {
            let items = items.into_iter().map(tensor).collect::<Option<_>>();
            items.map(RawArray::PerTrial)
        }
        other => tensor(other).map(RawArray::Stacked),
    };
    array.ok_or_else(|| {
        let found = format!("{kind}, expected an array or a list of arrays");
        Error::file(&source.path, FileError::EntryKind { key, found }).into()
    })
}

/// The number of time steps of each trial.
fn read_lengths(lengths: RawArray) -> Result<Vec<usize>, Diagnostic> {
    let values = match &lengths {
        RawArray::Stacked(tensor) => convert::to_f64(tensor)?,
        RawArray::PerTrial(tensors) => {
            let all = tensors.iter().map(convert::to_f64);
            all.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    Ok(as_counts(OF, "lengths", &values)?)
}

/// Checks the memory size of the padded data set.
///
/// Errors: `Memory` if it exceeds the limit
fn check_padded_memory(cx: &Context, data: &RawData) -> Result<(), Diagnostic> {
    let sizes = |array: &RawArray| -> [usize; 3] {
        let axis = |tensor: &Tensor, k: usize| tensor.dims().get(k).copied().unwrap_or(1);
        match array {
            RawArray::Stacked(x) if x.rank() == 2 => [axis(x, 0), 1, axis(x, 1)],
            RawArray::Stacked(x) => [0, 1, 2].map(|k| axis(x, k)),
            RawArray::PerTrial(all) => {
                let longest = |k| all.iter().map(|x| axis(x, k)).max().unwrap_or(0);
                [all.len(), longest(0), longest(1)]
            }
        }
    };
    let [n, t, i] = sizes(&data.inputs);
    let [_, _, o] = data.targets.as_ref().map_or([0; 3], sizes);
    cx.check_memory(OF, &[n, t, i.max(o)], DType::F64)
}

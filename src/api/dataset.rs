//! The table `tasks`, second part: data sets, from tensors or from a file.

use std::path::Path;
use std::rc::Rc;

use super::context::Context;
use super::convert::{New, as_counts, to_tensor};
use super::diagnostic::Diagnostic;
use super::native::FromValue;
use super::options::CallOptions;
use super::tasks::AnyTask;
use super::value::{Map, Object, Value};
use crate::base::Error;
use crate::base::error::FileError;
use crate::io::{Tree, hdf5};
use crate::random::Key;
use crate::tasks::Dataset;
use crate::tasks::dataset::{RawArray, RawData};
use crate::tensor::{DType, Tensor, convert};

/// What faults are said to be of.
const OF: &str = "tasks::dataset";

crate::options! {
    /// The parts of a data set.
    pub struct Given for "tasks::dataset" {
        /// [n, t, i], or a list of [t, i], one for each trial.
        inputs: Option<Numbers> = None;
        /// [n, t, o], or a list of [t, o]; or [n, o]: the targets of the last time of each trial,
        /// which alone count then.
        targets: Option<Numbers> = None;
        /// Weights of the times in the loss, [n, t], or a list of [t]. All count without it.
        mask: Option<Numbers> = None;
        /// Times of each trial, [n]: what comes after is padding, which is zero and does not
        /// count.
        lengths: Option<Numbers> = None;
    }
}

crate::natives! {
    /// Tasks that networks are trained on; each draws its trials from a key.
    module "tasks";

    /// A task over trials that are there already: a map of tensors, or the path of an HDF5 file
    /// and the names of its entries. Trials of different lengths come as lists of tensors or with
    /// `lengths`; they are padded, and the padding does not count in the loss. Numbers that reach
    /// the loss must be finite.
    ///
    /// In training each trial comes once an epoch, in an order that the key of the run and the
    /// number of the epoch decide; batches go on across the end of an epoch. `batch` gives the
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
        let parts = parts(given, path.as_deref())?;
        room(cx, &parts)?;
        Ok(New(AnyTask::of_data(Dataset::new(parts)?)))
    }

    /// Two data sets without a trial in common, as a map: `validation` has `part` of the trials,
    /// drawn from the key, and `train` the rest.
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

/// Numbers, or where in a file they are.
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
        // Plain numbers are not rounded to f32 on their way to f64.
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

/// The parts, those in the file read from there.
fn parts(given: Given, path: Option<&Path>) -> Result<RawData, Diagnostic> {
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

/// One part, from the file if it is there.
fn read(name: &'static str, numbers: Numbers, path: Option<&Path>) -> Result<RawArray, Diagnostic> {
    let (key, path) = match (numbers, path) {
        (Numbers::Here(part), _) => return Ok(part),
        (Numbers::Entry(key), Some(path)) => (key, path),
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
    let tree = hdf5::read_entry(path, &key)?;
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
        Error::file(path, FileError::EntryKind { key, found }).into()
    })
}

/// Times of each trial, however they came.
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

/// Errors: `Memory` if the padded set takes more than the run allows
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

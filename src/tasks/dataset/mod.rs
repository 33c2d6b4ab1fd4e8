//! A task over stored trials, for example recordings or trials of another program.
//!
//! Each epoch uses every trial once, in random order: trial j of epoch e is element j of a
//! permutation derived from the run's key and e. Batches are consecutive and may span two epochs. A
//! batch therefore depends only on the key and its index, so that a resumed run continues with the
//! same batches.

mod storage;
mod validate;

use std::rc::Rc;

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{BatchRequest, Shape, Task, Trials};
use storage::Storage;
pub use validate::{RawArray, RawData};

/// Folded into the key of a run to derive the key of its permutations.
const ORDER: u32 = u32::MAX - 2;

/// Largest fraction of validation trials: a larger one is usually that of the training trials.
const MAX_HELD_OUT: f64 = 0.5;

/// Stored trials, or a subset of them.
#[derive(Debug, Clone)]
pub struct Dataset {
    data: Rc<Data>,
    /// The indices of the trials in this subset.
    rows: Vec<usize>,
}

/// All values of a data set. Padding is zero and has mask 0; targets with mask 0 are zero.
#[derive(Debug)]
pub struct Data {
    time: usize,
    inputs: usize,
    outputs: usize,
    x: Storage,
    y: Storage,
    mask: Option<Storage>,
    /// The length of each trial in time steps, if lengths differ.
    lengths: Option<Vec<usize>>,
}

impl Dataset {
    /// Errors: as [`RawData::validate`]
    pub fn new(data: RawData) -> Result<Dataset> {
        let trials = match &data.inputs {
            RawArray::Stacked(tensor) => tensor.dims().first().copied().unwrap_or(0),
            RawArray::PerTrial(tensors) => tensors.len(),
        };
        Ok(Dataset {
            data: Rc::new(data.validate()?),
            rows: (0..trials).collect(),
        })
    }

    /// The number of trials.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The sizes of a trial.
    pub fn shape(&self) -> Shape {
        Shape {
            time: self.data.time,
            inputs: self.data.inputs,
            outputs: self.data.outputs,
        }
    }

    /// Two disjoint subsets: the rest, and a fraction `part` of the trials, drawn with `key`.
    ///
    /// Errors: `Range` if one of the two would be empty, or the fraction exceeds one half
    pub fn split(&self, part: f64, key: &Key) -> Result<[Dataset; 2]> {
        let count = self.count();
        let held_out = (part * count as f64).round();
        if part > MAX_HELD_OUT {
            return Err(Error::Range {
                of: "task.split".into(),
                name: "part".into(),
                expected: "up to 0.5: it is the fraction of the trials for validation, not for \
                           training"
                    .into(),
                found: part.to_string(),
            });
        }
        if !(held_out >= 1.0 && held_out < count as f64) {
            return Err(Error::Range {
                of: "task.split".into(),
                name: "part".into(),
                expected: format!(
                    "a fraction that leaves at least 1 of {count} trials in each subset"
                ),
                found: part.to_string(),
            });
        }
        let mut order = key.permutation(count);
        let mut rest = order.split_off(held_out as usize);
        let sets = [&mut rest, &mut order].map(|indices| {
            indices.sort_unstable();
            Dataset {
                data: self.data.clone(),
                rows: indices.iter().map(|index| self.rows[*index]).collect(),
            }
        });
        Ok(sets)
    }

    /// The trials of a batch of size `b` of a run with key `run`, as indices into the arrays from
    /// which the data set was built.
    pub fn batch_rows(
        &self,
        run: &Key,
        (batch, b): (usize, usize),
    ) -> impl Iterator<Item = usize> + Clone {
        let count = self.count();
        let orders = run.fold_in(ORDER);
        let first = batch * b;
        (first..first + b).map(move |index| {
            let order = orders.fold_in((index / count) as u32);
            self.rows[order.permutation_at(index % count, count)]
        })
    }

    /// All trials in order.
    pub fn all<T: Real>(&self) -> Trials<T> {
        let mut trials = Trials::new(self.shape(), 0);
        trials.trials = self.count();
        self.gather(self.rows.iter().copied(), &mut trials);
        trials
    }

    /// Overwrites `trials` with the given rows of the data.
    fn gather<T: Real>(&self, rows: impl Iterator<Item = usize> + Clone, trials: &mut Trials<T>) {
        let data = &*self.data;
        trials.time = data.time;
        let copy = |from: &Storage, features: usize, into: &mut Vec<T>| {
            let width = data.time * features;
            into.clear();
            for row in rows.clone() {
                from.append(row * width..(row + 1) * width, into);
            }
        };
        copy(&data.x, data.inputs, &mut trials.inputs);
        copy(&data.y, data.outputs, &mut trials.targets);
        match &data.mask {
            None => trials.mask = None,
            Some(mask) => copy(mask, 1, trials.mask.get_or_insert_default()),
        }
        trials.lengths = data.lengths.as_ref().map(|lengths| {
            let mut buffer = trials.lengths.take().unwrap_or_default();
            buffer.clear();
            buffer.extend(rows.clone().map(|row| lengths[row]));
            buffer
        });
    }
}

impl<T: Real> Task<T> for Dataset {
    fn shape(&self) -> Shape {
        Dataset::shape(self)
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let (run, batch, key) = (*key, 0, *key);
        self.fill_batch(&BatchRequest { run, batch, key }, trials)
    }

    fn values(&self) -> Option<Box<dyn Iterator<Item = f64> + '_>> {
        let data = &*self.data;
        let sizes = [data.time, data.inputs, data.outputs, self.count()];
        let integers = sizes.into_iter().chain(self.rows.iter().copied());
        let integers = integers.chain(data.lengths.iter().flatten().copied());
        let arrays = [Some(&data.x), Some(&data.y), data.mask.as_ref()];
        let arrays = arrays.into_iter().flatten();
        let all = arrays.flat_map(|array| (0..array.count()).map(|at| array.at(at)));
        Some(Box::new(integers.map(|count| count as f64).chain(all)))
    }

    fn fill_batch(&self, request: &BatchRequest, trials: &mut Trials<T>) -> Result<()> {
        let rows = self.batch_rows(&request.run, (request.batch, trials.trials));
        self.gather(rows, trials);
        Ok(())
    }
}

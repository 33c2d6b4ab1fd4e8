//! A task over data that are there already: recorded trials, or those of another program.
//!
//! The trials of a run are taken in turns, each once an epoch: trial number j of epoch e is the
//! one that a random order of all, made of the run's key and e, has at place j. Batches follow
//! each other without a gap, across the end of an epoch too. What a batch holds is so a function
//! of the key and its number alone, and a run that goes on in the middle finds its place.

mod numbers;
mod parts;

use std::rc::Rc;

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials, Turn};
use numbers::Numbers;
pub use parts::{Part, Parts};

/// Folded into the key of a run to make the key of its orders.
const ORDER: u32 = u32::MAX - 2;

/// Trials that are there already, or some of them.
#[derive(Debug, Clone)]
pub struct Dataset {
    data: Rc<Data>,
    /// The trials that belong to this set.
    rows: Vec<usize>,
}

/// All numbers of a set: padding is zero and does not count, and so are targets that do not count.
#[derive(Debug)]
pub struct Data {
    time: usize,
    inputs: usize,
    outputs: usize,
    x: Numbers,
    y: Numbers,
    mask: Option<Numbers>,
    /// Times of each trial, where some end before others.
    lengths: Option<Vec<usize>>,
}

impl Dataset {
    /// Errors: as [`Parts::data`]
    pub fn new(parts: Parts) -> Result<Dataset> {
        let trials = match &parts.inputs {
            Part::Whole(tensor) => tensor.dims().first().copied().unwrap_or(0),
            Part::Trials(tensors) => tensors.len(),
        };
        Ok(Dataset {
            data: Rc::new(parts.data()?),
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

    /// Two sets without a trial in common: the rest, and `part` of the trials, drawn from `key`.
    ///
    /// Errors: `Range` if one of the two would be empty
    pub fn split(&self, part: f64, key: &Key) -> Result<[Dataset; 2]> {
        let count = self.count();
        let held = (part * count as f64).round();
        if !(held >= 1.0 && held < count as f64) {
            return Err(Error::Range {
                of: "task.split".into(),
                name: "part".into(),
                expected: format!("that leaves 1 or more of {count} trials on each side"),
                found: part.to_string(),
            });
        }
        let mut order = key.permutation(count);
        let mut rest = order.split_off(held as usize);
        let sets = [&mut rest, &mut order].map(|places| {
            places.sort_unstable();
            Dataset {
                data: self.data.clone(),
                rows: places.iter().map(|place| self.rows[*place]).collect(),
            }
        });
        Ok(sets)
    }

    /// All trials, in their order.
    pub fn all<T: Real>(&self) -> Trials<T> {
        let mut trials = Trials::new(self.shape(), 0);
        trials.trials = self.count();
        self.gather(self.rows.iter().copied(), &mut trials);
        trials
    }

    /// Overwrites `trials` with these rows of the data.
    fn gather<T: Real>(&self, rows: impl Iterator<Item = usize> + Clone, trials: &mut Trials<T>) {
        let data = &*self.data;
        trials.time = data.time;
        let take = |from: &Numbers, features: usize, into: &mut Vec<T>| {
            let width = data.time * features;
            into.clear();
            for row in rows.clone() {
                from.append(row * width..(row + 1) * width, into);
            }
        };
        take(&data.x, data.inputs, &mut trials.inputs);
        take(&data.y, data.outputs, &mut trials.targets);
        match &data.mask {
            None => trials.mask = None,
            Some(mask) => take(mask, 1, trials.mask.get_or_insert_default()),
        }
        trials.lengths = data.lengths.as_ref().map(|lengths| {
            let mut some = trials.lengths.take().unwrap_or_default();
            some.clear();
            some.extend(rows.clone().map(|row| lengths[row]));
            some
        });
    }
}

impl<T: Real> Task<T> for Dataset {
    fn shape(&self) -> Shape {
        Dataset::shape(self)
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let (run, batch, key) = (*key, 0, *key);
        self.turn(&Turn { run, batch, key }, trials)
    }

    fn numbers(&self) -> Option<Box<dyn Iterator<Item = f64> + '_>> {
        let data = &*self.data;
        let sizes = [data.time, data.inputs, data.outputs, self.count()];
        let whole = sizes.into_iter().chain(self.rows.iter().copied());
        let whole = whole.chain(data.lengths.iter().flatten().copied());
        let parts = [Some(&data.x), Some(&data.y), data.mask.as_ref()];
        let parts = parts.into_iter().flatten();
        let all = parts.flat_map(|part| (0..part.count()).map(|at| part.at(at)));
        Some(Box::new(whole.map(|count| count as f64).chain(all)))
    }

    fn turn(&self, turn: &Turn, trials: &mut Trials<T>) -> Result<()> {
        let (count, b) = (self.count(), trials.trials);
        let orders = turn.run.fold_in(ORDER);
        let first = turn.batch * b;
        let rows = (first..first + b).map(|place| {
            let order = orders.fold_in((place / count) as u32);
            self.rows[order.permuted(place % count, count)]
        });
        self.gather(rows, trials);
        Ok(())
    }
}

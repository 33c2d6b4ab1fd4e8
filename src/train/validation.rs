//! Validation: the loss on trials that are not trained on, the best of it, and how long it has
//! not become lower.

use std::ops::Range;

use super::log::Best;
use super::task::{Shape, Task, Trials};
use super::{Model, Options, Parts};
use crate::base::{Error, Result};
use crate::tensor::Real;

/// Folded into the key of a run to make the key of trials for its validation.
const HELD_OUT: u32 = u32::MAX - 1;

/// Trials of `task` to validate a run on: drawn once, from a key of their own.
///
/// Errors: whatever `task` reports
pub fn held_out<T: Real>(
    task: &dyn Task<T>,
    trials: usize,
    options: &Options,
) -> Result<Trials<T>> {
    let key = options.first_key().fold_in(HELD_OUT);
    let mut held = Trials::new(task.shape(), trials);
    task.fill(&key, &mut held)?;
    held.check(task.shape())?;
    Ok(held)
}

/// The trials of a validation, taken a batch at a time so that the network's buffers stay as
/// large as training makes them.
pub(super) struct Validation<'a, T> {
    all: &'a Trials<T>,
    some: Trials<T>,
    most: usize,
}

impl<'a, T: Real> Validation<'a, T> {
    /// Errors: `Shape` if the trials do not fit the network, `Range` if nothing counts in them.
    pub fn new(all: &'a Trials<T>, [inputs, outputs]: [usize; 2], most: usize) -> Result<Self> {
        all.check(Shape {
            time: all.time,
            inputs,
            outputs,
        })?;
        let counts = match &all.mask {
            Some(mask) => mask.iter().any(|weight| weight.double() > 0.0),
            None => all.trials > 0 && all.time > 0,
        };
        if !counts {
            return Err(Error::Range {
                of: "train".into(),
                name: "validation".into(),
                expected: "of 1 or more trials with times that count".into(),
                found: "none".into(),
            });
        }
        let most = most.min(all.trials);
        Ok(Validation {
            all,
            some: Trials {
                trials: most,
                time: all.time,
                inputs: Vec::new(),
                targets: Vec::new(),
                mask: all.mask.as_ref().map(|_| Vec::new()),
                lengths: all.lengths.as_ref().map(|_| Vec::new()),
            },
            most,
        })
    }

    /// The loss of `net` over all trials, without penalty and without a key, and its parts.
    ///
    /// Errors: `NotFinite` if a number of the trials is not finite and makes the loss so
    pub fn loss<M: Model<T>>(
        &mut self,
        net: &M,
        work: &mut M::Work,
    ) -> Result<(f64, Option<Parts>)> {
        let (mut sum, mut weights, mut all) = (0.0, 0.0, None);
        for first in (0..self.all.trials).step_by(self.most) {
            let weight = self.take(first);
            if weight > 0.0 {
                sum += weight * net.loss(work, &self.some, None)?.double();
                weights += weight;
                if let Some(parts) = net.parts(work) {
                    let all = all.get_or_insert([0.0; 3]);
                    for (all, part) in all.iter_mut().zip(parts) {
                        *all += weight * part;
                    }
                }
            }
        }
        let loss = sum / weights;
        match loss.is_finite() {
            true => Ok((loss, all.map(|all| all.map(|part| part / weights)))),
            false => self.faultless().map(|()| (loss, None)),
        }
    }

    /// Takes the trials from `first` on into the batch; gives the times that count in it.
    fn take(&mut self, first: usize) -> f64 {
        let (all, some) = (self.all, &mut self.some);
        let count = self.most.min(all.trials - first);
        some.trials = count;
        fn cut<X: Copy>(from: &[X], each: usize, rows: Range<usize>, into: &mut Vec<X>) {
            into.clear();
            into.extend_from_slice(&from[rows.start * each..rows.end * each]);
        }
        let part = |from: &[T], into: &mut Vec<T>| {
            cut(from, from.len() / all.trials, first..first + count, into);
        };
        if let (Some(from), Some(into)) = (&all.lengths, &mut some.lengths) {
            cut(from, 1, first..first + count, into);
        }
        part(&all.inputs, &mut some.inputs);
        part(&all.targets, &mut some.targets);
        match (&all.mask, &mut some.mask) {
            (Some(from), Some(into)) => {
                part(from, into);
                into.iter().map(|weight| weight.double()).sum()
            }
            _ => (count * all.time) as f64,
        }
    }

    /// Errors: `NotFinite` for the first number that is not
    fn faultless(&self) -> Result<()> {
        let parts = [("inputs", &self.all.inputs), ("targets", &self.all.targets)];
        for (what, numbers) in parts {
            if let Some(index) = numbers.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite {
                    of: "train",
                    what: format!("a number of `{what}` of the validation"),
                    found: numbers[index].double(),
                    index,
                });
            }
        }
        Ok(())
    }
}

/// What the validations of a run have come to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged<T> {
    /// The loss of the newest one, and its parts.
    pub latest: f64,
    pub parts: Option<Parts>,
    /// The lowest.
    pub best: Best,
    /// Validations since the lowest.
    pub waited: usize,
    /// The parameters at the lowest.
    pub params: Vec<T>,
}

impl<T: Real> Judged<T> {
    /// The first validation, after the batch numbered `batch`.
    pub fn first(batch: usize, (loss, parts): (f64, Option<Parts>), params: &[T]) -> Judged<T> {
        Judged {
            latest: loss,
            parts,
            best: Best { batch, loss },
            waited: 0,
            params: params.to_vec(),
        }
    }

    /// Takes note of one more.
    pub fn see(&mut self, batch: usize, (loss, parts): (f64, Option<Parts>), params: &[T]) {
        self.latest = loss;
        self.parts = parts;
        if loss < self.best.loss {
            self.best = Best { batch, loss };
            self.waited = 0;
            self.params.copy_from_slice(params);
        } else {
            self.waited += 1;
        }
    }
}

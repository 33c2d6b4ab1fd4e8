//! Validation: the loss on trials that are not used for training, its minimum, and the number of
//! validations since the minimum.

use std::ops::Range;

use super::log::Best;
use super::task::{Shape, Task, Trials};
use super::{LossTerms, Model, Options};
use crate::base::{Error, Result};
use crate::tensor::Real;

/// Folded into the key of a run to derive the key of its validation trials.
const HELD_OUT: u32 = u32::MAX - 1;

/// Validation trials of `task`. They are drawn once, from a separate key.
///
/// Errors: any error of `task`
pub fn sample_validation<T: Real>(
    task: &dyn Task<T>,
    trials: usize,
    options: &Options,
) -> Result<Trials<T>> {
    let key = options.initial_key().fold_in(HELD_OUT);
    let mut validation = Trials::new(task.shape(), trials);
    task.fill(&key, &mut validation)?;
    validation.check(task.shape())?;
    Ok(validation)
}

/// The validation trials. They are evaluated in chunks of the batch size, so that the buffers of
/// the network keep the size that training requires.
pub(super) struct Validation<'a, T> {
    trials: &'a Trials<T>,
    chunk: Trials<T>,
    chunk_size: usize,
}

impl<'a, T: Real> Validation<'a, T> {
    /// Errors: `Shape` if the trials do not match the network; `Range` if the mask excludes all
    /// time steps.
    pub fn new(
        trials: &'a Trials<T>,
        [inputs, outputs]: [usize; 2],
        chunk_size: usize,
    ) -> Result<Self> {
        trials.check(Shape {
            time: trials.time,
            inputs,
            outputs,
        })?;
        let has_weight = match &trials.mask {
            Some(mask) => mask.iter().any(|weight| weight.double() > 0.0),
            None => trials.trials > 0 && trials.time > 0,
        };
        if !has_weight {
            return Err(Error::Range {
                of: "train".into(),
                name: "validation".into(),
                expected: "at least one trial with a nonzero mask".into(),
                found: "none".into(),
            });
        }
        let chunk_size = chunk_size.min(trials.trials);
        Ok(Validation {
            trials,
            chunk: Trials {
                trials: chunk_size,
                time: trials.time,
                inputs: Vec::new(),
                targets: Vec::new(),
                mask: trials.mask.as_ref().map(|_| Vec::new()),
                lengths: trials.lengths.as_ref().map(|_| Vec::new()),
            },
            chunk_size,
        })
    }

    /// The loss of `net` over all trials, without the penalty and without noise, and its terms.
    ///
    /// Errors: `NotFinite` if the loss is not finite because a value of the trials is not finite
    pub fn loss<M: Model<T>>(
        &mut self,
        net: &M,
        work: &mut M::Workspace,
    ) -> Result<(f64, Option<LossTerms>)> {
        let (mut sum, mut weights) = (0.0, 0.0);
        let mut term_sums: Option<LossTerms> = None;
        for first in (0..self.trials.trials).step_by(self.chunk_size) {
            let weight = self.load_chunk(first);
            if weight > 0.0 {
                sum += weight * net.loss(work, &self.chunk, None)?.double();
                weights += weight;
                if let Some(terms) = net.loss_terms(work) {
                    let zeros = LossTerms::zeros(net.loss_term_names());
                    term_sums.get_or_insert(zeros).add_weighted(weight, &terms);
                }
            }
        }
        let loss = sum / weights;
        match loss.is_finite() {
            true => Ok((loss, term_sums.map(|sums| sums.divided_by(weights)))),
            false => self.check_finite().map(|()| (loss, None)),
        }
    }

    /// Copies the trials from index `first` on into the chunk. Returns the sum of their weights.
    fn load_chunk(&mut self, first: usize) -> f64 {
        let (trials, chunk) = (self.trials, &mut self.chunk);
        let count = self.chunk_size.min(trials.trials - first);
        chunk.trials = count;
        fn copy_rows<X: Copy>(from: &[X], width: usize, rows: Range<usize>, into: &mut Vec<X>) {
            into.clear();
            into.extend_from_slice(&from[rows.start * width..rows.end * width]);
        }
        let copy = |from: &[T], into: &mut Vec<T>| {
            copy_rows(from, from.len() / trials.trials, first..first + count, into);
        };
        if let (Some(from), Some(into)) = (&trials.lengths, &mut chunk.lengths) {
            copy_rows(from, 1, first..first + count, into);
        }
        copy(&trials.inputs, &mut chunk.inputs);
        copy(&trials.targets, &mut chunk.targets);
        match (&trials.mask, &mut chunk.mask) {
            (Some(from), Some(into)) => {
                copy(from, into);
                into.iter().map(|weight| weight.double()).sum()
            }
            _ => (count * trials.time) as f64,
        }
    }

    /// Errors: `NotFinite` for the first value that is not finite
    fn check_finite(&self) -> Result<()> {
        let arrays = [
            ("inputs", &self.trials.inputs),
            ("targets", &self.trials.targets),
        ];
        for (what, values) in arrays {
            if let Some(index) = values.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite {
                    of: "train",
                    what: format!("a value of `{what}` of the validation data"),
                    found: values[index].double(),
                    index,
                });
            }
        }
        Ok(())
    }
}

/// The lowest validation loss of a run and the state of early stopping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BestSoFar<T> {
    /// The latest loss and its terms.
    pub latest: f64,
    pub terms: Option<LossTerms>,
    /// The lowest loss.
    pub lowest: Best,
    /// The number of validations since the lowest loss.
    pub since_lowest: usize,
    /// The parameters with the lowest loss.
    pub params: Vec<T>,
}

impl<T: Real> BestSoFar<T> {
    /// The state after the first validation, which followed the batch with index `batch`.
    pub fn new(
        batch: usize,
        (loss, terms): (f64, Option<LossTerms>),
        params: &[T],
    ) -> BestSoFar<T> {
        BestSoFar {
            latest: loss,
            terms,
            lowest: Best { batch, loss },
            since_lowest: 0,
            params: params.to_vec(),
        }
    }

    /// Records one more validation.
    pub fn observe(&mut self, batch: usize, (loss, terms): (f64, Option<LossTerms>), params: &[T]) {
        self.latest = loss;
        self.terms = terms;
        if loss < self.lowest.loss {
            self.lowest = Best { batch, loss };
            self.since_lowest = 0;
            self.params.copy_from_slice(params);
        } else {
            self.since_lowest += 1;
        }
    }
}

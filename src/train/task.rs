//! What a network is trained on: a source of trials, each batch made from a key.

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;

/// A batch of trials, all arrays row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials<T> {
    /// b
    pub trials: usize,
    /// t
    pub time: usize,
    /// [b, t, i]
    pub inputs: Vec<T>,
    /// [b, t, o]
    pub targets: Vec<T>,
    /// The weight of each trial and time in the loss, [b, t]; all weigh 1 without it.
    pub mask: Option<Vec<T>>,
    /// Times of each trial, [b], from 1 to t; what comes after is padding, where the states stand
    /// still. All last t without it. What counts in the loss is said by the mask alone.
    pub lengths: Option<Vec<usize>>,
}

/// The sizes of a task's trials: t, i, o.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// t
    pub time: usize,
    /// i
    pub inputs: usize,
    /// o
    pub outputs: usize,
}

/// Which batch of a run is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The key that the run began with.
    pub run: Key,
    /// Batches before this one.
    pub batch: usize,
    /// The key of this batch alone.
    pub key: Key,
}

/// Makes batches of trials.
pub trait Task<T: Real> {
    fn shape(&self) -> Shape;
    /// Overwrites all of `trials`, which has the sizes of [`Task::shape`]; the same key gives the
    /// same trials.
    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()>;
    /// As [`Task::fill`], for one batch of a run: a task that gives its trials in turns knows which
    /// turn it is.
    fn turn(&self, turn: &Turn, trials: &mut Trials<T>) -> Result<()> {
        self.fill(&turn.key, trials)
    }
    /// All numbers that the trials are made of, if they are there already: a few batches do not
    /// tell such a task from another.
    fn numbers(&self) -> Option<Box<dyn Iterator<Item = f64> + '_>> {
        None
    }
}

impl<T: Real> Trials<T> {
    /// `trials` trials of zeros, without a mask.
    pub fn new(shape: Shape, trials: usize) -> Trials<T> {
        let zeros = |features| vec![T::of(0.0); trials * shape.time * features];
        Trials {
            trials,
            time: shape.time,
            inputs: zeros(shape.inputs),
            targets: zeros(shape.outputs),
            mask: None,
            lengths: None,
        }
    }

    /// Takes what comes after the end of each trial out of the loss.
    pub fn end(&mut self) {
        let Some(lengths) = &self.lengths else { return };
        let ones = || vec![T::of(1.0); self.trials * self.time];
        let mask = self.mask.get_or_insert_with(ones);
        for (weights, length) in mask.chunks_exact_mut(self.time.max(1)).zip(lengths) {
            weights[*length..].fill(T::of(0.0));
        }
    }

    /// Errors: `Shape` if an array has not the length that `shape` asks for.
    pub fn check(&self, shape: Shape) -> Result<()> {
        let (b, t) = (self.trials, shape.time);
        let mask = self.mask.as_ref().map_or(b * t, Vec::len);
        let lengths = self.lengths.as_ref().map_or(b, Vec::len);
        let rows = [
            ("time", self.time, t, "t"),
            (
                "inputs",
                self.inputs.len(),
                b * t * shape.inputs,
                "[b, t, i]",
            ),
            (
                "targets",
                self.targets.len(),
                b * t * shape.outputs,
                "[b, t, o]",
            ),
            ("mask", mask, b * t, "[b, t]"),
            ("lengths", lengths, b, "[b]"),
        ];
        match rows
            .into_iter()
            .find(|(_, found, expected, _)| found != expected)
        {
            None => Ok(()),
            Some((what, found, expected, axes)) => Err(Error::Shape {
                op: "trials",
                what,
                expected: format!("{axes} ({expected} numbers)"),
                found: vec![found],
            }),
        }
    }
}

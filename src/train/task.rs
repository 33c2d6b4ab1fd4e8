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
        }
    }

    /// Errors: `Shape` if an array has not the length that `shape` asks for.
    pub fn check(&self, shape: Shape) -> Result<()> {
        let (b, t) = (self.trials, shape.time);
        let mask = self.mask.as_ref().map_or(b * t, Vec::len);
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

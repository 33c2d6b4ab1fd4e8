//! Tasks: sources of trials to train on. Each batch is generated from a key.

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;

/// A batch of trials. All arrays are row-major.
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
    /// The weight of each trial and time step in the loss, [b, t]. Without it all weights are 1.
    pub mask: Option<Vec<T>>,
    /// The length of each trial in time steps, [b], from 1 to t. Later time steps are padding,
    /// during which the state is constant. Without it all trials have length t. Only the mask
    /// excludes time steps from the loss.
    pub lengths: Option<Vec<usize>>,
}

/// The sizes of the trials of a task: t, i, o.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// t
    pub time: usize,
    /// i
    pub inputs: usize,
    /// o
    pub outputs: usize,
}

/// The batch that a run requests from a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchRequest {
    /// The key at the start of the run.
    pub run: Key,
    /// The index of the batch, from 0.
    pub batch: usize,
    /// The key of this batch alone.
    pub key: Key,
}

/// A generator of batches of trials.
pub trait Task<T: Real> {
    fn shape(&self) -> Shape;
    /// Overwrites all of `trials`, which has the sizes of [`Task::shape`]. Equal keys produce equal
    /// trials.
    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()>;
    /// [`Task::fill`] for one batch of a run. A task that iterates over stored trials uses the
    /// batch index.
    fn fill_batch(&self, request: &BatchRequest, trials: &mut Trials<T>) -> Result<()> {
        self.fill(&request.key, trials)
    }
    /// All values of the stored trials, if the task stores its trials. A fingerprint hashes all of
    /// them, because a few batches do not identify such a task.
    fn values(&self) -> Option<Box<dyn Iterator<Item = f64> + '_>> {
        None
    }
}

impl<T: Real> Trials<T> {
    /// A batch of `trials` trials of zeros, without a mask.
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

    /// Sets the mask to 0 at the padding after the end of each trial.
    pub fn mask_padding(&mut self) {
        let Some(lengths) = &self.lengths else { return };
        let ones = || vec![T::of(1.0); self.trials * self.time];
        let mask = self.mask.get_or_insert_with(ones);
        for (weights, length) in mask.chunks_exact_mut(self.time.max(1)).zip(lengths) {
            weights[*length..].fill(T::of(0.0));
        }
    }

    /// Errors: `Shape` if the length of an array differs from that which `shape` requires.
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
                expected: format!("{axes} ({expected} values)"),
                found: vec![found],
            }),
        }
    }
}

//! What training needs of a task: its sizes, and trials drawn from a key.

use crate::base::Result;
use crate::random::Key;
use crate::tensor::Real;

/// A batch of trials, row after row.
pub struct Trials<T> {
    pub trials: usize,
    pub time: usize,
    /// Shape: [b, t, i].
    pub inputs: Vec<T>,
    /// Shape: [b, t, o].
    pub targets: Vec<T>,
    /// Shape: [b, t]; 1 where the loss counts, 0 elsewhere. None: it counts everywhere.
    pub mask: Option<Vec<T>>,
}

/// The sizes of one trial.
pub struct Shape {
    pub time: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// A source of trials.
pub trait Task<T: Real> {
    fn shape(&self) -> Shape;
    /// Fills trials drawn from `key`; reuses the buffers.
    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()>;
}

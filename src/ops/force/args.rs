//! Arguments and outcome of a run.

use super::recurrent_updates::RecurrentUpdates;
use super::rls::InverseCorrelation;

/// Options of recursive least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RlsOptions<T> {
    /// Number of time steps from one update to the next, counted across runs.
    pub every: usize,
    /// Forgetting factor l: weight of the previous correlations at each update.
    pub forgetting: T,
}

/// Inputs of a sequence and the buffers for its results.
pub struct Sequence<'a, T> {
    pub steps: usize,
    /// Maximum number of threads; results have the same bits for any value.
    pub threads: usize,
    /// x [t, i]
    pub inputs: &'a [T],
    /// Signal that is fed back after each step instead of z, [t, m].
    pub teacher_forcing: Option<&'a [T]>,
    /// Buffer for the network's own output z, [t, m].
    pub outputs: &'a mut [T],
    /// Buffer for h, [t, n], if requested.
    pub states: Option<&'a mut [T]>,
}

/// Training on a sequence by recursive least squares.
pub struct Rls<'a, T> {
    pub inverse: &'a mut InverseCorrelation<T>,
    pub options: RlsOptions<T>,
    /// f [t, m]
    pub targets: &'a [T],
    /// Targets of the recurrent weights, if wR is trained as well.
    pub recurrent: Option<RecurrentTargets<'a, T>>,
}

/// Training targets of the recurrent weights.
pub struct RecurrentTargets<'a, T> {
    /// Target of wR h + wF z after each step, [t, n].
    pub currents: &'a [T],
    pub recurrence: &'a mut RecurrentUpdates<T>,
}

/// Outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// All steps ran.
    Completed,
    /// A value was not finite after step `at`.
    Diverged { at: usize },
    /// h . P h was negative or not finite at step `at`. Either rounding errors made P indefinite,
    /// or P overflowed: with forgetting it grows in directions without activity.
    NotPositive { at: usize },
}

//! Progress reports and cancellation of long computations. The layers below the script API neither
//! print nor read the clock: they call one handle, and the owner of the terminal decides what to
//! display.

use super::Error;

/// Progress of a long computation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Number of completed steps.
    pub done: usize,
    /// Number of requested steps.
    pub total: usize,
    pub status: Status,
}

/// Intermediate result of a long computation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Status {
    /// Loss and learning rate of the last step.
    Loss { loss: f64, lr: f64 },
    /// Mean distance between outputs and targets.
    Error { error: f64 },
    /// Number of completed candidates that converged.
    Search { converged: usize },
    /// A count of completed items only; `of` names them.
    Count { of: &'static str },
}

/// Receives the reports of a long computation and can stop it.
pub trait Progress {
    /// Called after each step; must be cheap.
    fn report(&mut self, report: Report);
    /// Returns true once the user requests a stop. Called once per step.
    fn stop_requested(&self) -> bool;
    /// Reports an error that does not stop the computation.
    fn warn(&mut self, _: &Error) {}
}

/// Ignores all reports and never stops.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn report(&mut self, _: Report) {}
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Reason for the end of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The convergence criterion is satisfied.
    Converged,
    /// The maximum number of steps is reached.
    MaxSteps,
    /// Early stopping after this many steps: the validation criterion stopped improving.
    Stopped { at: usize },
    /// A value became NaN or infinite at this step; the last finite state is preserved.
    Diverged { at: usize },
    /// The user stopped the computation at this step.
    Interrupted { at: usize },
}

impl Outcome {
    /// The name of the outcome in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Converged => "converged",
            Outcome::MaxSteps => "finished",
            Outcome::Stopped { .. } => "stopped early",
            Outcome::Diverged { .. } => "diverged",
            Outcome::Interrupted { .. } => "interrupted",
        }
    }
}

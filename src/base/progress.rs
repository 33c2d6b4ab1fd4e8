//! How long work reports and is stopped. The floors below the script vocabulary neither print nor
//! read the clock: they call one handle, and whoever owns a terminal decides what is seen.

use super::Error;

/// Where a long run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Steps finished.
    pub done: usize,
    /// Steps asked for.
    pub total: usize,
    pub standing: Standing,
}

/// What long work has come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// Loss and learning rate of the last step.
    Descent { loss: f64, rate: f64 },
    /// Mean distance of outputs from their targets.
    Error { error: f64 },
    /// How many of those that are done have converged.
    Search { converged: usize },
    /// Nothing but how many of these are done.
    Count { of: &'static str },
}

/// Listens to a long run and may end it.
pub trait Progress {
    /// Called after every step; must be cheap.
    fn report(&mut self, report: Report);
    /// True once the user wants the run to end. Asked once per step.
    fn stopped(&self) -> bool;
    /// Told of a fault that does not end the run.
    fn trouble(&mut self, _: &Error) {}
}

/// Shows nothing and never stops.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn report(&mut self, _: Report) {}
    fn stopped(&self) -> bool {
        false
    }
}

/// How an iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for is reached.
    Converged,
    /// The budget of steps is used up.
    MaxSteps,
    /// What the run was judged by no longer became better; this many steps were made.
    Stopped { at: usize },
    /// A number stopped being finite at this step; the last good state is kept.
    Diverged { at: usize },
    /// The user ended the run at this step.
    Interrupted { at: usize },
}

impl Outcome {
    /// The word that scripts see.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Converged => "converged",
            Outcome::MaxSteps => "finished",
            Outcome::Stopped { .. } => "stopped early",
            Outcome::Diverged { .. } => "diverged",
            Outcome::Interrupted { .. } => "interrupted",
        }
    }
}

//! The training loop: one batch after another, with logging, validation and checkpoints.

use std::ops::ControlFlow;

use super::checkpoint::Checkpoint;
use super::log::{Fit, LogEntry, OnLog};
use super::step::{StepStats, Trainer};
use super::{Model, Options, Restore, Source};
use crate::base::options::Options as _;
use crate::base::{Outcome, Progress, Report, Result, Status};
use crate::tensor::Real;

/// The number of log entries reserved at the start, so that training does not allocate. Longer logs
/// than this are not useful in practice.
const LOG_CAPACITY: usize = 1 << 16;

/// Trains `net` on batches of the task.
///
/// If a loss, gradient or parameter is not finite, training ends with [`Outcome::Diverged`], and
/// the network holds the last parameters with a finite loss. With [`Outcome::Interrupted`] it holds
/// the parameters after the last completed batch. With validation, the option `restore` selects the
/// final parameters, whatever the outcome.
///
/// With a checkpoint, a run that is in the file resumes from it. If its log ends with an entry for
/// the last completed batch, `on_log` is called with that entry again, because the run may have
/// ended during that call.
///
/// Errors: `Range` if an option is out of range; `Shape` if the task and the network do not match;
/// `File` if the checkpoint belongs to another run or cannot be written at the start; any error of
/// the task and of `on_log`. After an error the network and the checkpoint hold the state after the
/// last completed batch.
pub fn run<T: Real, M: Model<T>>(
    net: &mut M,
    source: &Source<'_, T>,
    options: &Options,
    progress: &mut dyn Progress,
    on_log: &mut OnLog<'_, M>,
) -> Result<Fit> {
    options.clone().check()?;
    let mut run = Run::new(Trainer::new(net, source, options)?)?;
    let outcome = run.iterate(progress, on_log);
    run.finish(outcome, progress)
}

/// A training run with its log and checkpoint.
struct Run<'a, T: Real, M: Model<T>> {
    trainer: Trainer<'a, T, M>,
    log: Vec<LogEntry>,
    checkpoint: Option<Checkpoint>,
    /// The number of batches loaded from the checkpoint.
    resumed_batches: usize,
}

impl<'a, T: Real, M: Model<T>> Run<'a, T, M> {
    fn new(mut trainer: Trainer<'a, T, M>) -> Result<Self> {
        let options = trainer.options;
        let entries = options
            .batches
            .div_ceil(options.log_every)
            .min(LOG_CAPACITY);
        let mut log = Vec::with_capacity(entries + 1);
        let checkpoint = Checkpoint::open(&mut trainer, &mut log)?;
        let resumed_batches = trainer.done();
        // The entry of the last batch of a shorter run is off the log interval of this longer run.
        log.pop_if(|entry| {
            entry.batch + 1 == resumed_batches && !options.is_due(options.log_every, entry.batch)
        });
        Ok(Run {
            trainer,
            log,
            checkpoint,
            resumed_batches,
        })
    }

    fn iterate(
        &mut self,
        progress: &mut dyn Progress,
        on_log: &mut OnLog<'_, M>,
    ) -> Result<Outcome> {
        if let Some(outcome) = self.call_on_log(self.resumed_batches, on_log)? {
            return Ok(outcome);
        }
        loop {
            if let Some(outcome) = self.early_outcome(progress) {
                return Ok(outcome);
            }
            let at = self.trainer.done();
            let step = match self.train_batch(at, progress)? {
                ControlFlow::Continue(step) => step,
                ControlFlow::Break(outcome) => return Ok(outcome),
            };
            if let Some(outcome) = self.call_on_log(at + 1, on_log)? {
                return Ok(outcome);
            }
            progress.report(Report {
                done: at + 1,
                total: self.trainer.options.batches,
                status: Status::Loss {
                    loss: step.loss,
                    lr: step.lr,
                },
            });
            if (at + 1).is_multiple_of(self.trainer.options.checkpoint_every) {
                self.save(progress);
            }
        }
    }

    /// Trains on one batch, and validates and logs where they are due. Breaks with the outcome if
    /// the run ends.
    fn train_batch(
        &mut self,
        at: usize,
        progress: &dyn Progress,
    ) -> Result<ControlFlow<Outcome, StepStats>> {
        let step = match self.trainer.step() {
            // An interrupt also aborts a task that is a closure; its error is not reported.
            Err(_) if progress.stop_requested() => {
                return Ok(ControlFlow::Break(Outcome::Interrupted { at }));
            }
            step => step?,
        };
        let Some(step) = step else {
            return Ok(ControlFlow::Break(Outcome::Diverged { at }));
        };
        let end = match self.measure_or_detach(at, &step) {
            Err(_) if progress.stop_requested() => Some(Outcome::Interrupted { at: at + 1 }),
            end => end?,
        };
        Ok(match end {
            Some(outcome) => ControlFlow::Break(outcome),
            None => ControlFlow::Continue(step),
        })
    }

    /// Calls `on_log` with the log entry of the last completed batch, if that batch has one.
    /// Returns the outcome if the callback ends the run.
    fn call_on_log(&self, done: usize, on_log: &mut OnLog<'_, M>) -> Result<Option<Outcome>> {
        let entry = self.log.last().filter(|entry| entry.batch + 1 == done);
        Ok(match entry {
            Some(entry) if on_log(entry, self.trainer.net)?.is_break() => {
                Some(Outcome::Interrupted { at: done })
            }
            _ => None,
        })
    }

    /// The outcome of the run if it ends before the next batch.
    fn early_outcome(&self, progress: &dyn Progress) -> Option<Outcome> {
        let (at, options) = (self.trainer.done(), self.trainer.options);
        if self.is_patience_exhausted() {
            return Some(Outcome::Stopped { at });
        }
        if at == options.batches {
            return Some(Outcome::MaxSteps);
        }
        progress
            .stop_requested()
            .then_some(Outcome::Interrupted { at })
    }

    /// Whether early stopping ends the run.
    fn is_patience_exhausted(&self) -> bool {
        let best = self.trainer.best_so_far.as_ref();
        let waited = best.map_or(0, |best| best.since_lowest);
        let patience = self.trainer.options.patience;
        patience.is_some_and(|patience| waited >= patience)
    }

    /// [`Run::measure`]. After an error the checkpoint is discarded: a run resumed from this state
    /// would lack the failed measurement.
    fn measure_or_detach(&mut self, at: usize, step: &StepStats) -> Result<Option<Outcome>> {
        let end = self.measure(at, step);
        if end.is_err() {
            self.checkpoint = None;
        }
        end
    }

    /// Validates and appends a log entry where they are due. Returns the outcome if a loss is not
    /// finite.
    fn measure(&mut self, at: usize, step: &StepStats) -> Result<Option<Outcome>> {
        let options = self.trainer.options;
        if options.is_due(options.validation_interval(), at) && !self.trainer.validate(at)? {
            return Ok(Some(Outcome::Diverged { at }));
        }
        // An early stop also ends the log: the loss of the last batch is always in it.
        if !(options.is_due(options.log_every, at) || self.is_patience_exhausted()) {
            return Ok(None);
        }
        let Some(entry) = self.trainer.log_entry(at, step)? else {
            return Ok(Some(Outcome::Diverged { at }));
        };
        self.log.push(entry);
        Ok(None)
    }

    fn save(&mut self, progress: &mut dyn Progress) {
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.save(&self.trainer, &self.log, progress);
        }
    }

    fn finish(mut self, outcome: Result<Outcome>, progress: &mut dyn Progress) -> Result<Fit> {
        // After a divergence the optimizer moments include the step that was undone.
        if !matches!(outcome, Ok(Outcome::Diverged { .. })) {
            self.save(progress);
        }
        let outcome = outcome?;
        let best = &self.trainer.best_so_far;
        if let Some(best) = best
            && self.trainer.options.restore == Restore::Best
        {
            let params = &mut self.trainer.net.params_mut().data;
            params.copy_from_slice(&best.params);
        }
        Ok(Fit {
            outcome,
            batches: self.trainer.done(),
            best: best.as_ref().map(|best| best.lowest),
            log: self.log,
            resumed_batches: self.resumed_batches,
            checkpoint_error: self.checkpoint.and_then(Checkpoint::write_error),
        })
    }
}

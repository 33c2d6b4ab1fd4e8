//! The training loop: batch after batch, with what is told, judged and kept of it.

use super::checkpoint::Checkpoint;
use super::log::{Fit, Log, OnLog};
use super::training::{Step, Training};
use super::{Keep, Model, Options, Source};
use crate::base::options::Options as _;
use crate::base::{Outcome, Progress, Report, Result, Standing};
use crate::tensor::Real;

/// Lines of the log that there is room for from the start, so that a run allocates nothing: more
/// than anyone reads.
const LINES: usize = 1 << 16;

/// Trains `net` on batches of the task.
///
/// A loss, gradient or parameter that stops being finite ends the run with
/// [`Outcome::Diverged`]; the network then has the last parameters whose loss was finite. With
/// [`Outcome::Interrupted`] it is as the last finished batch left it. After a run with validation
/// it has the parameters that the option `keep` asks for, however the run ended.
///
/// With a checkpoint, a run that is in the file goes on from there; the line that the log then ends
/// with is heard once more, as the run may have been ended by it or in it.
///
/// Errors: `Range` if an option is outside its span; `Shape` if task and network do not fit;
/// `File` if the checkpoint is of another run or cannot be written at the beginning; whatever the
/// task and `on_log` report. The network is then as the last finished batch left it, and so is the
/// checkpoint.
pub fn run<T: Real, M: Model<T>>(
    net: &mut M,
    source: &Source<'_, T>,
    options: &Options,
    progress: &mut dyn Progress,
    on_log: &mut OnLog<'_, M>,
) -> Result<Fit> {
    options.clone().check()?;
    let mut course = Course::begun(Training::new(net, source, options)?)?;
    let outcome = course.go(progress, on_log);
    course.ended(outcome, progress)
}

/// A run with what is told and kept of it.
struct Course<'a, T: Real, M: Model<T>> {
    training: Training<'a, T, M>,
    log: Vec<Log>,
    checkpoint: Option<Checkpoint>,
    /// Batches that came from the checkpoint.
    resumed: usize,
}

impl<'a, T: Real, M: Model<T>> Course<'a, T, M> {
    fn begun(mut training: Training<'a, T, M>) -> Result<Self> {
        let options = training.options;
        let lines = options.batches.div_ceil(options.log_every).min(LINES);
        let mut log = Vec::with_capacity(lines + 1);
        let checkpoint = Checkpoint::open(&mut training, &mut log)?;
        let resumed = training.done();
        // What was the last batch of a shorter run is one among others in this one.
        log.pop_if(|line| line.batch + 1 == resumed && !options.due(options.log_every, line.batch));
        Ok(Course {
            training,
            log,
            checkpoint,
            resumed,
        })
    }

    fn go(&mut self, progress: &mut dyn Progress, on_log: &mut OnLog<'_, M>) -> Result<Outcome> {
        if let Some(outcome) = self.tell(self.resumed, on_log)? {
            return Ok(outcome);
        }
        loop {
            if let Some(outcome) = self.over(progress) {
                return Ok(outcome);
            }
            let at = self.training.done();
            let step = match self.training.step() {
                // A closure that the batch was made by, cut short so that the run can end.
                Err(_) if progress.stopped() => return Ok(Outcome::Interrupted { at }),
                step => step?,
            };
            let Some(step) = step else {
                return Ok(Outcome::Diverged { at });
            };
            let judged = match self.judge(at, &step) {
                Err(_) if progress.stopped() => return Ok(Outcome::Interrupted { at: at + 1 }),
                judged => judged?,
            };
            if let Some(outcome) = judged {
                return Ok(outcome);
            }
            if let Some(outcome) = self.tell(at + 1, on_log)? {
                return Ok(outcome);
            }
            progress.report(Report {
                done: at + 1,
                total: self.training.options.batches,
                standing: Standing::Descent {
                    loss: step.loss,
                    rate: step.rate,
                },
            });
            if (at + 1).is_multiple_of(self.training.options.checkpoint_every) {
                self.save(progress);
            }
        }
    }

    /// Tells the line of the batch that made them `done`, if there is one; how the run ends by
    /// that, if it does.
    fn tell(&self, done: usize, on_log: &mut OnLog<'_, M>) -> Result<Option<Outcome>> {
        let line = self.log.last().filter(|line| line.batch + 1 == done);
        Ok(match line {
            Some(line) if on_log(line, self.training.net)?.is_break() => {
                Some(Outcome::Interrupted { at: done })
            }
            _ => None,
        })
    }

    /// How the run ends here, if it does.
    fn over(&self, progress: &dyn Progress) -> Option<Outcome> {
        let (at, options) = (self.training.done(), self.training.options);
        let waited = self.training.judged.as_ref().map_or(0, |j| j.waited);
        if options.patience.is_some_and(|patience| waited >= patience) {
            return Some(Outcome::Stopped { at });
        }
        if at == options.batches {
            return Some(Outcome::MaxSteps);
        }
        progress.stopped().then_some(Outcome::Interrupted { at })
    }

    /// [`Course::measure`]. After a fault the file stays as it is: a run that went on from here
    /// would lack what was to be measured.
    fn judge(&mut self, at: usize, step: &Step) -> Result<Option<Outcome>> {
        let measured = self.measure(at, step);
        if measured.is_err() {
            self.checkpoint = None;
        }
        measured
    }

    /// Validates and writes a line of the log where they are due; how the run ends by it, if it
    /// does.
    fn measure(&mut self, at: usize, step: &Step) -> Result<Option<Outcome>> {
        let options = self.training.options;
        if options.due(options.between_validations(), at) && !self.training.validate(at)? {
            return Ok(Some(Outcome::Diverged { at }));
        }
        if !options.due(options.log_every, at) {
            return Ok(None);
        }
        let Some(line) = self.training.line(at, step)? else {
            return Ok(Some(Outcome::Diverged { at }));
        };
        self.log.push(line);
        Ok(None)
    }

    fn save(&mut self, progress: &mut dyn Progress) {
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.save(&self.training, &self.log, progress);
        }
    }

    fn ended(mut self, outcome: Result<Outcome>, progress: &mut dyn Progress) -> Result<Fit> {
        // After a divergence the moments are those of a step that was taken back.
        if !matches!(outcome, Ok(Outcome::Diverged { .. })) {
            self.save(progress);
        }
        let outcome = outcome?;
        let judged = &self.training.judged;
        if let Some(judged) = judged
            && self.training.options.keep == Keep::Best
        {
            let params = &mut self.training.net.params_mut().data;
            params.copy_from_slice(&judged.params);
        }
        Ok(Fit {
            outcome,
            batches: self.training.done(),
            best: judged.as_ref().map(|judged| judged.best),
            log: self.log,
            resumed: self.resumed,
            unsaved: self.checkpoint.and_then(Checkpoint::trouble),
        })
    }
}

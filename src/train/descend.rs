//! The training loop. One batch is: trials from a key, loss and gradient in one fused operation,
//! and two passes over the flat array of parameters; after the first batch nothing is allocated.

use std::ops::ControlFlow;

use super::{Shape, Task, Trials};
use crate::base::options::{Options as _, Span};
use crate::base::{Error, Outcome, Progress, Report, Result};
use crate::nn::{Rnn, Work};
use crate::ops::Lanes;
use crate::optim::{Descent, Optimizer, Pull, adam, clip_scale, measure};
use crate::options;
use crate::random::{Key, Layout};

/// Folded into a batch's key to make the key of its state noise: larger than any number of
/// trials, whose keys the task splits off the same key.
const NOISE: u32 = u32::MAX;

options! {
    /// How a network is trained. The loss is the mean of (output - target)^2 plus
    /// l2 * the sum of squares of all parameters, biases and first state included.
    pub struct Options for "train" {
        /// Batches to train on, each of new trials.
        batches: usize = 1000, in Span::from(1.0);
        /// Trials in a batch.
        batch: usize = 128, in Span::from(1.0);
        /// Largest global norm of the gradient (of the whole loss, penalty included): a longer one
        /// is scaled down to it. No limit without it.
        clip: Option<f64> = None, in Span::above(0.0);
        /// Weight of the sum of squares of all parameters in the loss.
        l2: f64 = 0.0, in Span::from(0.0);
        /// How the parameters are moved.
        optimizer: Optimizer = adam();
        /// Seed of the trials.
        seed: usize = 0;
        /// Key of the trials, in place of a seed: each batch is made from the second half of a
        /// split of it, and the first half goes on.
        key: Option<Key> = None;
        /// Batches from one line of the log to the next.
        log_every: usize = 100, in Span::from(1.0);
    }
}

/// One line of the log: what a batch came to. The losses are those after the update, on the same
/// batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Log {
    /// Batches before this one.
    pub batch: usize,
    /// Mean squared error plus penalty.
    pub loss: f64,
    /// Mean squared error alone.
    pub mse: f64,
    /// Learning rate of the update.
    pub rate: f64,
    /// Global norm of the gradient of the loss before the update, before it was clipped.
    pub grad_norm: f64,
}

/// How a training run went.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// How the run ended.
    pub outcome: Outcome,
    /// Updates made.
    pub batches: usize,
    /// Every `log_every`-th batch, and the last one.
    pub log: Vec<Log>,
}

/// What is called with each line of the log and the network as it then is; it may end the run.
pub type OnLog<'a, T> = dyn FnMut(&Log, &Rnn<T>) -> Result<ControlFlow<()>> + 'a;

/// Trains `net` on batches of `task`.
///
/// A loss, gradient or parameter that stops being finite ends the run with
/// [`Outcome::Diverged`]; the network then has the last parameters whose loss was finite. With
/// [`Outcome::Interrupted`] it is as the last finished batch left it.
///
/// Errors: `Range` if an option is outside its span; `Shape` if task and network do not fit;
/// whatever `task` and `on_log` report.
pub fn run<T: Lanes>(
    net: &mut Rnn<T>,
    task: &dyn Task<T>,
    options: &Options,
    progress: &mut dyn Progress,
    on_log: &mut OnLog<'_, T>,
) -> Result<Fit> {
    let mut training = Training::new(net, task, options)?;
    let mut log = Vec::with_capacity(options.batches.div_ceil(options.log_every) + 1);
    let mut outcome = Outcome::MaxSteps;
    for at in 0..options.batches {
        if progress.stopped() {
            outcome = Outcome::Interrupted { at };
            break;
        }
        let Some(step) = training.step()? else {
            outcome = Outcome::Diverged { at };
            break;
        };
        if at % options.log_every == 0 || at + 1 == options.batches {
            let Some(line) = training.line(at, &step)? else {
                outcome = Outcome::Diverged { at };
                break;
            };
            log.push(line);
            if on_log(&line, training.net)?.is_break() {
                outcome = Outcome::Interrupted { at: at + 1 };
                break;
            }
        }
        progress.report(Report {
            done: at + 1,
            total: options.batches,
            loss: step.loss,
            rate: step.rate,
        });
    }
    let batches = training.descent.state().steps;
    Ok(Fit {
        outcome,
        batches,
        log,
    })
}

/// What one update came from.
struct Step {
    /// Before the update, with penalty.
    loss: f64,
    rate: f64,
    grad_norm: f64,
}

/// A run in progress, with all its buffers.
struct Training<'a, T> {
    net: &'a mut Rnn<T>,
    task: &'a dyn Task<T>,
    shape: Shape,
    options: &'a Options,
    key: Key,
    noise: Key,
    work: Work<T>,
    descent: Descent<T>,
    trials: Trials<T>,
    gradient: Vec<T>,
}

impl<'a, T: Lanes> Training<'a, T> {
    fn new(net: &'a mut Rnn<T>, task: &'a dyn Task<T>, options: &'a Options) -> Result<Self> {
        options.clone().check()?;
        let mut optimizer = options.optimizer.clone();
        optimizer.check()?;
        let shape = task.shape();
        fits(net, shape)?;
        let seeded = || Key::new(options.seed as u64, Layout::default());
        let key = options.key.unwrap_or_else(seeded);
        let count = net.params.data.len();
        Ok(Training {
            work: net.work(),
            descent: Descent::new(optimizer, count),
            trials: Trials::new(shape, options.batch),
            gradient: vec![T::of(0.0); count],
            noise: key,
            key,
            net,
            task,
            shape,
            options,
        })
    }

    /// One update on a new batch; none if a number was not finite.
    fn step(&mut self) -> Result<Option<Step>> {
        let [next, key] = self.key.children();
        self.key = next;
        self.noise = key.fold_in(NOISE);
        self.task.fill(&key, &mut self.trials)?;
        self.trials.check(self.shape)?;

        let (noise, l2) = (Some(&self.noise), self.options.l2);
        let mse =
            self.net
                .loss_gradient(&mut self.work, &self.trials, noise, &mut self.gradient)?;
        let params = &mut self.net.params.data;
        let sums = measure(params, &self.gradient, l2);
        let loss = mse.double() + l2 * sums.squares;
        if !(loss.is_finite() && sums.norm.is_finite()) {
            self.descent.undo(params);
            return Ok(None);
        }
        let rate = self.descent.rate();
        let scale = clip_scale(sums.norm, self.options.clip);
        if !self
            .descent
            .step(params, &self.gradient, &Pull { rate, l2, scale })
        {
            return Ok(None);
        }
        self.descent.see(loss);
        Ok(Some(Step {
            loss,
            rate,
            grad_norm: sums.norm,
        }))
    }

    /// The line of the log for the update just made; none if its loss is not finite.
    fn line(&mut self, batch: usize, step: &Step) -> Result<Option<Log>> {
        let noise = Some(&self.noise);
        let mse = self.net.loss(&mut self.work, &self.trials, noise)?.double();
        let params = &mut self.net.params.data;
        let loss = mse + self.options.l2 * measure(params, &self.gradient, 0.0).squares;
        if !loss.is_finite() {
            self.descent.undo(params);
            return Ok(None);
        }
        Ok(Some(Log {
            batch,
            loss,
            mse,
            rate: step.rate,
            grad_norm: step.grad_norm,
        }))
    }
}

fn fits<T>(net: &Rnn<T>, task: Shape) -> Result<()> {
    let pairs = [
        ("inputs of the task", net.plan.inputs, task.inputs),
        ("outputs of the task", net.plan.outputs, task.outputs),
    ];
    match pairs
        .into_iter()
        .find(|(_, expected, found)| expected != found)
    {
        None => Ok(()),
        Some((what, features, found)) => Err(Error::Shape {
            op: "train",
            what,
            expected: format!("[b, t, {features}]"),
            found: vec![found],
        }),
    }
}

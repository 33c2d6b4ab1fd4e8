//! One batch: trials, loss and gradient in one fused operation, and two passes over the flat array
//! of parameters. After the first batch nothing is allocated.

use super::log::Log;
use super::task::{Shape, Trials, Turn};
use super::validation::{Judged, Validation};
use super::{Model, Options, Source};
use crate::base::{Error, Result};
use crate::optim::{Descent, Pull, clip_scale, measure};
use crate::random::Key;
use crate::tensor::Real;

/// Folded into a batch's key to make the key of its state noise: larger than any number of
/// trials, whose keys the task splits off the same key.
const NOISE: u32 = u32::MAX;

/// What one update came from.
pub(super) struct Step {
    /// Before the update, with penalty.
    pub loss: f64,
    pub rate: f64,
    grad_norm: f64,
}

/// A run in progress, with all its buffers.
pub(super) struct Training<'a, T, M: Model<T>>
where
    T: Real,
{
    pub net: &'a mut M,
    pub options: &'a Options,
    pub source: &'a Source<'a, T>,
    /// What the keys of the batches to come are split off.
    pub key: Key,
    pub descent: Descent<T>,
    pub judged: Option<Judged<T>>,
    shape: Shape,
    noise: Key,
    work: M::Work,
    trials: Trials<T>,
    gradient: Vec<T>,
    validation: Option<Validation<'a, T>>,
}

impl<'a, T: Real, M: Model<T>> Training<'a, T, M> {
    pub fn new(net: &'a mut M, source: &'a Source<'a, T>, options: &'a Options) -> Result<Self> {
        let mut optimizer = options.optimizer.clone();
        optimizer.check()?;
        let shape = source.task.shape();
        fits(net.ports(), shape)?;
        let validation = source.validation;
        let validation =
            validation.map(|trials| Validation::new(trials, net.ports(), options.batch));
        let key = options.first_key();
        let count = net.params().data.len();
        Ok(Training {
            work: net.work(),
            descent: Descent::new(optimizer, count),
            trials: Trials::new(shape, options.batch),
            gradient: vec![T::of(0.0); count],
            validation: validation.transpose()?,
            judged: None,
            noise: key,
            key,
            net,
            source,
            shape,
            options,
        })
    }

    /// Updates made.
    pub fn done(&self) -> usize {
        self.descent.state().steps
    }

    /// One update on a new batch; none if a number was not finite. After an error all is as before.
    pub fn step(&mut self) -> Result<Option<Step>> {
        let [next, key] = self.key.children();
        let turn = Turn {
            run: self.options.first_key(),
            batch: self.done(),
            key,
        };
        self.source.task.turn(&turn, &mut self.trials)?;
        self.trials.check(self.shape)?;

        let batch = self.done();
        self.net.turn(&mut self.work, batch);
        self.noise = key.fold_in(NOISE);
        let (noise, l2) = (Some(&self.noise), self.options.l2);
        let (work, trials) = (&mut self.work, &self.trials);
        let mse = self
            .net
            .loss_gradient(work, trials, noise, &mut self.gradient)?;
        let params = &mut self.net.params_mut().data;
        let sums = measure(params, &self.gradient, l2);
        let loss = mse.double() + l2 * sums.squares;
        if !(loss.is_finite() && sums.norm.is_finite()) {
            self.descent.undo(params);
            return Ok(None);
        }
        let rate = self.descent.rate();
        let scale = clip_scale(sums.norm, self.options.clip);
        let pull = Pull { rate, l2, scale };
        if !self.descent.step(params, &self.gradient, &pull) {
            return Ok(None);
        }
        self.key = next;
        self.descent.see(loss);
        Ok(Some(Step {
            loss,
            rate,
            grad_norm: sums.norm,
        }))
    }

    /// The line of the log for the update just made; none if its loss is not finite.
    pub fn line(&mut self, batch: usize, step: &Step) -> Result<Option<Log>> {
        let noise = Some(&self.noise);
        let mse = self.net.loss(&mut self.work, &self.trials, noise)?.double();
        let parts = self.net.parts(&self.work);
        let params = &mut self.net.params_mut().data;
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
            validation: self.judged.as_ref().map(|judged| judged.latest),
            parts,
            validation_parts: self.judged.as_ref().and_then(|judged| judged.parts),
        }))
    }

    /// Validates after the update of the batch numbered `batch`, if there is validation; false if
    /// the loss is not finite.
    pub fn validate(&mut self, batch: usize) -> Result<bool> {
        let Some(validation) = &mut self.validation else {
            return Ok(true);
        };
        let (loss, parts) = validation.loss(self.net, &mut self.work)?;
        let params = &mut self.net.params_mut().data;
        if !loss.is_finite() {
            self.descent.undo(params);
            return Ok(false);
        }
        match &mut self.judged {
            Some(judged) => judged.see(batch, (loss, parts), params),
            None => self.judged = Some(Judged::first(batch, (loss, parts), params)),
        }
        Ok(true)
    }
}

fn fits([inputs, outputs]: [usize; 2], task: Shape) -> Result<()> {
    let pairs = [
        ("inputs of the task", inputs, task.inputs),
        ("outputs of the task", outputs, task.outputs),
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

//! One training step: generate the trials, compute the loss and gradient in one fused operation,
//! and update the flat parameter array in two passes. Nothing is allocated after the first batch.

use super::log::LogEntry;
use super::param_rules::ParamTreatment;
use super::task::{BatchRequest, Shape, Trials};
use super::validation::{BestSoFar, Validation};
use super::{Model, Options, Source};
use crate::base::{Error, Result};
use crate::optim::{Norms, OptimizerState, StepScale, clip_scale, norms};
use crate::random::Key;
use crate::tensor::Real;

/// Folded into the key of a batch to derive the key of its state noise. It exceeds any number of
/// trials, whose keys the task splits off the same key.
const NOISE: u32 = u32::MAX;

/// The loss and gradient from which one update was computed.
pub(super) struct StepStats {
    /// The loss before the update, including the penalty.
    pub loss: f64,
    pub lr: f64,
    grad_norm: f64,
}

/// A training run with all its buffers.
pub(super) struct Trainer<'a, T, M: Model<T>>
where
    T: Real,
{
    pub net: &'a mut M,
    pub options: &'a Options,
    pub source: &'a Source<'a, T>,
    /// The key from which the keys of the remaining batches are split.
    pub key: Key,
    pub optimizer: OptimizerState<T>,
    pub best_so_far: Option<BestSoFar<T>>,
    shape: Shape,
    noise_key: Key,
    work: M::Workspace,
    trials: Trials<T>,
    gradient: Vec<T>,
    treatment: ParamTreatment,
    validation: Option<Validation<'a, T>>,
}

impl<'a, T: Real, M: Model<T>> Trainer<'a, T, M> {
    pub fn new(net: &'a mut M, source: &'a Source<'a, T>, options: &'a Options) -> Result<Self> {
        let mut optimizer = options.optimizer.clone();
        optimizer.check()?;
        let shape = source.task.shape();
        check_sizes([net.inputs(), net.outputs()], shape)?;
        let validation = source.validation;
        let validation = validation.map(|trials| {
            Validation::new(trials, [net.inputs(), net.outputs()], options.batch_size)
        });
        let key = options.initial_key();
        let count = net.params().data.len();
        let treatment = ParamTreatment::new(options, net.params().layout())?;
        if let Some(rules) = treatment.rules() {
            rules.apply_masks(&mut net.params_mut().data);
        }
        Ok(Trainer {
            work: net.workspace(),
            optimizer: OptimizerState::new(optimizer, count),
            trials: Trials::new(shape, options.batch_size),
            gradient: vec![T::of(0.0); count],
            treatment,
            validation: validation.transpose()?,
            best_so_far: None,
            noise_key: key,
            key,
            net,
            source,
            shape,
            options,
        })
    }

    /// The number of updates.
    pub fn done(&self) -> usize {
        self.optimizer.moments().steps
    }

    /// One update on a new batch. Returns `None` if the loss, the gradient or a parameter is not
    /// finite. After an error the state is unchanged.
    pub fn step(&mut self) -> Result<Option<StepStats>> {
        let [next, key] = self.key.split_array();
        let request = BatchRequest {
            run: self.options.initial_key(),
            batch: self.done(),
            key,
        };
        self.source.task.fill_batch(&request, &mut self.trials)?;
        self.trials.check(self.shape)?;

        let (loss, l2, norms) = self.compute_gradient(&key)?;
        let params = &mut self.net.params_mut().data;
        if !(loss.is_finite() && norms.gradient_norm.is_finite()) {
            self.optimizer.undo(params);
            return Ok(None);
        }
        let lr = self.optimizer.lr();
        let scale = clip_scale(norms.gradient_norm, self.options.clip_norm);
        let scale = StepScale { lr, l2, scale };
        if !self.optimizer.step(params, &self.gradient, &scale) {
            return Ok(None);
        }
        if let Some(rules) = self.treatment.rules() {
            rules.restore(params, self.optimizer.previous_params());
        }
        self.key = next;
        self.optimizer.observe(loss);
        Ok(Some(StepStats {
            loss,
            lr,
            grad_norm: norms.gradient_norm,
        }))
    }

    /// Computes the gradient of the loss on the current batch. Returns the loss including the
    /// penalty, the weight of the penalty whose gradient is not yet included, and the norms.
    fn compute_gradient(&mut self, key: &Key) -> Result<(f64, f64, Norms)> {
        let batch = self.done();
        self.net.begin_batch(&mut self.work, batch);
        self.noise_key = key.fold_in(NOISE);
        let (noise, work) = (Some(&self.noise_key), &mut self.work);
        let unpenalized = self
            .net
            .loss_gradient(work, &self.trials, noise, &mut self.gradient)?;
        let unpenalized = unpenalized.double();
        let params = &self.net.params().data;
        match &self.treatment {
            ParamTreatment::Uniform(l2) => {
                let norms = norms(params, &self.gradient, *l2);
                Ok((unpenalized + l2 * norms.param_squares, *l2, norms))
            }
            ParamTreatment::Rules(rules) => {
                let penalty = rules.add_penalty_gradient(params, &mut self.gradient);
                let norms = norms(params, &self.gradient, 0.0);
                Ok((unpenalized + penalty, 0.0, norms))
            }
        }
    }

    /// The log entry of the latest update. Returns `None` if its loss is not finite.
    pub fn log_entry(&mut self, batch: usize, step: &StepStats) -> Result<Option<LogEntry>> {
        let noise = Some(&self.noise_key);
        let loss = self.net.loss(&mut self.work, &self.trials, noise)?;
        let unpenalized = loss.double();
        let terms = self.net.loss_terms(&self.work);
        let params = &mut self.net.params_mut().data;
        let loss = unpenalized + self.treatment.penalty(params, &self.gradient);
        if !loss.is_finite() {
            self.optimizer.undo(params);
            return Ok(None);
        }
        Ok(Some(LogEntry {
            batch,
            loss,
            unpenalized,
            lr: step.lr,
            grad_norm: step.grad_norm,
            validation: self.best_so_far.as_ref().map(|best| best.latest),
            terms,
            validation_terms: self.best_so_far.as_ref().and_then(|best| best.terms),
        }))
    }

    /// Validates after the batch with index `batch`, if validation is enabled. Returns false if the
    /// loss is not finite.
    pub fn validate(&mut self, batch: usize) -> Result<bool> {
        let Some(validation) = &mut self.validation else {
            return Ok(true);
        };
        let (loss, terms) = validation.loss(self.net, &mut self.work)?;
        let params = &mut self.net.params_mut().data;
        if !loss.is_finite() {
            self.optimizer.undo(params);
            return Ok(false);
        }
        match &mut self.best_so_far {
            Some(best) => best.observe(batch, (loss, terms), params),
            None => self.best_so_far = Some(BestSoFar::new(batch, (loss, terms), params)),
        }
        Ok(true)
    }
}

fn check_sizes([inputs, outputs]: [usize; 2], task: Shape) -> Result<()> {
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

//! A model as the training loop sees it.

use std::path::PathBuf;

use super::Model;
use super::draws::Draws;
use crate::base::Result;
use crate::base::options::Span;
use crate::ops::Lanes;
use crate::ops::lfads::{Given, Losses, Operation, Results};
use crate::optim::{Adam, Optimizer, Schedule};
use crate::options;
use crate::random::{Key, Layout};
use crate::tensor::Arena;
use crate::train::{self, Keep, Parts, Trials};

/// The seed of the samples that a validation takes: always the same ones.
const JUDGED: u64 = 0x1fad5;

options! {
    /// How a model is trained. The loss of a batch is the negative log-likelihood of a trial, plus
    /// a weight times the divergences of both posteriors from their priors, plus
    /// l2 * the sum of squares of all parameters.
    pub struct Training for "lfads::train" {
        /// Batches to train on.
        batches: usize = 20_000, in Span::from(1.0);
        /// Trials in a batch.
        batch: usize = 128, in Span::from(1.0);
        /// The weight of the divergences at first.
        kl_first: f64 = 0.01, in Span::from(0.0);
        /// Their weight in the end, and in every validation.
        kl_last: f64 = 1.0, in Span::from(0.0);
        /// The batch from which on the weight grows.
        kl_from: usize = 500;
        /// The batch from which on it has grown.
        kl_until: usize = 1000;
        /// Largest global norm of the gradient; a longer one is scaled down to it.
        clip: Option<f64> = Some(10.0), in Span::above(0.0);
        /// Weight of the sum of squares of all parameters in the loss.
        l2: f64 = 2e-5, in Span::from(0.0);
        /// How the parameters are moved.
        optimizer: Optimizer = adam(exponential(0.05, 0.9999), 0.1);
        /// Seed of batches, samples and dropout.
        seed: usize = 0;
        /// Key of all these, in place of a seed.
        key: Option<Key> = None;
        /// Batches from one line of the log to the next.
        log_every: usize = 100, in Span::from(1.0);
        /// Batches from one validation to the next; as `log_every` without it.
        validate_every: Option<usize> = None, in Span::from(1.0);
        /// Ends the run once the validation loss has not become lower this many times in a row.
        patience: Option<usize> = None, in Span::from(1.0);
        /// With validation: whether the model ends with its best parameters, those of the lowest
        /// validation loss, or with the last ones.
        keep: Keep = Keep::Best;
        /// A file in which the run is kept as it goes, from which a run that was stopped, or
        /// killed, goes on when it is started again.
        checkpoint: Option<PathBuf> = None;
        /// Batches from one writing of the checkpoint to the next; it is written at the end too.
        checkpoint_every: usize = 1000, in Span::from(1.0);
        /// Go on from the checkpoint if the file is there; else a new run takes its place.
        resume: bool = true;
    }
}

impl Training {
    /// What the training loop reads of it.
    pub fn loop_options(&self) -> train::Options {
        train::Options {
            batches: self.batches,
            batch: self.batch,
            clip: self.clip,
            l2: self.l2,
            optimizer: self.optimizer.clone(),
            seed: self.seed,
            key: self.key,
            log_every: self.log_every,
            validate_every: self.validate_every,
            patience: self.patience,
            keep: self.keep,
            checkpoint: self.checkpoint.clone(),
            checkpoint_every: self.checkpoint_every,
            resume: self.resume,
        }
    }

    /// The weight of the divergences in the batch numbered `at`.
    pub fn kl_scale(&self, at: usize) -> f64 {
        let grown = at.saturating_sub(self.kl_from) as f64;
        let span = self.kl_until.saturating_sub(self.kl_from).max(1) as f64;
        let part = match at < self.kl_from {
            true => 0.0,
            false => (grown / span).min(1.0),
        };
        self.kl_first + part * (self.kl_last - self.kl_first)
    }
}

/// Adam with this rate and epsilon.
fn adam(rate: Schedule, epsilon: f64) -> Optimizer {
    Optimizer::Adam(Adam {
        rate,
        epsilon,
        ..Adam::default()
    })
}

fn exponential(rate: f64, decay: f64) -> Schedule {
    Schedule::Exponential { rate, decay }
}

/// The buffers of a model's runs.
#[derive(Default)]
pub struct Work<T: Lanes> {
    pub operation: Operation<T>,
    pub draws: Draws<T>,
    /// The weight of the divergences.
    kl_scale: f64,
    losses: Losses,
}

impl<T: Lanes> Work<T> {
    /// The parts of the last loss.
    pub fn losses(&self) -> Losses {
        self.losses
    }
}

impl<T: Lanes> Model<T> {
    /// The same, to be trained so.
    pub fn to_train(&self, training: &Training) -> Model<T> {
        Model {
            training: training.clone(),
            ..self.clone()
        }
    }

    /// Draws for a loss: with a key as in training, without one as in a validation. Gives the
    /// weight of the divergences.
    fn draw(&self, work: &mut Work<T>, trials: &Trials<T>, key: Option<&Key>) -> f64 {
        let sizes = self.sized(trials.trials, trials.time);
        match key {
            Some(key) => {
                work.draws.draw(self, sizes, key, true);
                work.kl_scale
            }
            None => {
                let key = Key::new(JUDGED, Layout::default());
                work.draws.draw(self, sizes, &key, false);
                self.training.kl_last
            }
        }
    }

    fn told(&self, work: &mut Work<T>, losses: Losses, kl_scale: f64) -> T {
        work.losses = losses;
        T::of(losses.nll + kl_scale * (losses.initial + losses.inferred))
    }
}

impl<T: Lanes> train::Model<T> for Model<T> {
    type Work = Work<T>;

    fn work(&self) -> Work<T> {
        Work::default()
    }

    fn ports(&self) -> [usize; 2] {
        [self.sizes.channels, 0]
    }

    fn params(&self) -> &Arena<T> {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        &mut self.params
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let t = &self.training;
        let weights = [t.kl_first, t.kl_last, t.kl_from as f64, t.kl_until as f64];
        vec![
            ("model", "lfads".into()),
            ("sizes", format!("{:?}", self.sizes)),
            ("keep", self.keep.to_string()),
            ("var_min", self.var_min.to_string()),
            ("weights of the divergences", format!("{weights:?}")),
        ]
    }

    fn turn(&self, work: &mut Work<T>, batch: usize) {
        work.kl_scale = self.training.kl_scale(batch);
    }

    fn parts(&self, work: &Work<T>) -> Option<Parts> {
        let Losses {
            nll,
            initial,
            inferred,
        } = work.losses;
        Some([nll, initial, inferred])
    }

    fn loss(&self, work: &mut Work<T>, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let kl_scale = self.draw(work, trials, key);
        let given = Given {
            params: &self.params.data,
            observed: &trials.inputs,
            noise: work.draws.noise(),
            constants: self.constants(kl_scale),
        };
        let sizes = self.sized(trials.trials, trials.time);
        let losses = work.operation.losses(sizes, given);
        Ok(self.told(work, losses, kl_scale))
    }

    fn loss_gradient(
        &self,
        work: &mut Work<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let kl_scale = self.draw(work, trials, key);
        let given = Given {
            params: &self.params.data,
            observed: &trials.inputs,
            noise: work.draws.noise(),
            constants: self.constants(kl_scale),
        };
        let sizes = self.sized(trials.trials, trials.time);
        let results = Results::default();
        let losses = work.operation.gradient(sizes, given, results, gradient);
        Ok(self.told(work, losses, kl_scale))
    }
}

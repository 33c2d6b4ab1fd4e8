//! A model as the training loop sees it.

use super::Model;
use super::draws::Draws;
use crate::base::Result;
use crate::base::options::{Field, Options, Slot, Span};
use crate::ops::Lanes;
use crate::ops::lfads::{Losses, Operation, Results};
use crate::optim::{Adam, Optimizer, Schedule};
use crate::options;
use crate::random::{Key, Layout};
use crate::tensor::Arena;
use crate::train::{self, Parts, Trials};

/// The seed of the samples that a validation takes: always the same ones.
const JUDGED: u64 = 0x1fad5;

options! {
    /// How the weight of the divergences grows.
    pub struct WarmUp for "lfads::train" {
        /// The weight of the divergences of the posteriors from their priors at first.
        kl_first: f64 = 0.01, in Span::from(0.0);
        /// Their weight in the end, and in every validation.
        kl_last: f64 = 1.0, in Span::from(0.0);
        /// The batch from which on the weight grows.
        kl_from: usize = 500;
        /// The batch from which on it has grown.
        kl_until: usize = 1000;
    }
}

/// How a model is trained: the options of every training, some with defaults of their own, and the
/// weight of the divergences.
#[derive(Clone)]
pub struct Training {
    pub warm_up: WarmUp,
    pub run: train::Options,
}

impl Default for Training {
    fn default() -> Training {
        Training {
            warm_up: WarmUp::default(),
            run: train::Options {
                batches: 20_000,
                clip: Some(10.0),
                l2: 2e-5,
                optimizer: Optimizer::Adam(Adam {
                    rate: Schedule::Exponential {
                        rate: 0.05,
                        decay: 0.9999,
                    },
                    epsilon: 0.1,
                    ..Adam::default()
                }),
                ..train::Options::default()
            },
        }
    }
}

/// The defaults that are others than those of every training, as help says them.
const DEFAULTS: [(&str, &str); 4] = [
    ("batches", "20_000"),
    ("clip", "Some(10.0)"),
    ("l2", "2e-5"),
    (
        "optimizer",
        "adam(rate: exponential(0.05, 0.9999), epsilon: 0.1)",
    ),
];

impl Options for Training {
    const OF: &'static str = WarmUp::OF;
    fn fields() -> Vec<Field> {
        let mut fields = [WarmUp::fields(), train::Options::fields()].concat();
        for field in &mut fields {
            if let Some((_, default)) = DEFAULTS.iter().find(|(name, _)| *name == field.name) {
                field.default = (*default).into();
            }
        }
        fields
    }
    fn slots(&mut self) -> Vec<Slot<'_>> {
        let mut slots = self.warm_up.slots();
        slots.extend(self.run.slots());
        slots
    }
}

impl WarmUp {
    /// The weight of the divergences in the batch numbered `at`.
    pub fn kl_scale(&self, at: usize) -> f64 {
        let span = self.kl_until.saturating_sub(self.kl_from).max(1) as f64;
        let grown = at.saturating_sub(self.kl_from) as f64;
        let part = (grown / span).min(1.0);
        self.kl_first + part * (self.kl_last - self.kl_first)
    }
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
    /// The same, with this weight of the divergences.
    pub fn warming_up(self, warm_up: WarmUp) -> Model<T> {
        Model { warm_up, ..self }
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
                self.warm_up.kl_last
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
        let w = &self.warm_up;
        let weights = [w.kl_first, w.kl_last, w.kl_from as f64, w.kl_until as f64];
        vec![
            ("model", "lfads".into()),
            ("sizes", format!("{:?}", self.sizes)),
            ("keep", self.keep.to_string()),
            ("var_min", self.var_min.to_string()),
            ("weights of the divergences", format!("{weights:?}")),
        ]
    }

    fn turn(&self, work: &mut Work<T>, batch: usize) {
        work.kl_scale = self.warm_up.kl_scale(batch);
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
        let given = self.given(&trials.inputs, work.draws.noise(), kl_scale);
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
        let given = self.given(&trials.inputs, work.draws.noise(), kl_scale);
        let sizes = self.sized(trials.trials, trials.time);
        let results = Results::default();
        let losses = work.operation.gradient(sizes, given, results, gradient);
        Ok(self.told(work, losses, kl_scale))
    }
}

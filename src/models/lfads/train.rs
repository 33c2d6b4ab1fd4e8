//! The interface of a model for the training loop, and the options of its training.

use super::sampling::Samples;
use super::{Model, WarmUp};
use crate::base::Result;
use crate::base::options::{Field, OptionType as _, Options, Slot};
use crate::ops::Lanes;
use crate::ops::lfads::{Losses, Operation, Results};
use crate::optim::{Adam, Optimizer, Schedule};
use crate::random::{Key, Layout};
use crate::tensor::Arena;
use crate::train::{self, L2, LossTerms, Trials};

/// The seed of the posterior samples of a validation, constant so that validations are comparable.
const VALIDATION_SEED: u64 = 0x1fad5;

/// Training options: those of `train`, some with different defaults, and those of the KL warm-up.
#[derive(Clone)]
pub struct TrainingOptions {
    pub warm_up: WarmUp,
    pub run: train::Options,
}

impl Default for TrainingOptions {
    fn default() -> TrainingOptions {
        TrainingOptions {
            warm_up: WarmUp::default(),
            run: train::Options {
                batches: 20_000,
                clip_norm: Some(10.0),
                l2: L2::Uniform(2e-5),
                optimizer: Optimizer::Adam(Adam {
                    lr: Schedule::Exponential {
                        lr: 0.05,
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

impl Options for TrainingOptions {
    const OF: &'static str = WarmUp::OF;
    fn fields() -> Vec<Field> {
        let run = TrainingOptions::default().run;
        // The defaults that differ from those of `train`.
        let defaults = [
            ("batches", run.batches.script_syntax()),
            ("clip_norm", run.clip_norm.script_syntax()),
            ("l2", run.l2.script_syntax()),
            ("optimizer", run.optimizer.script_syntax()),
        ];
        let mut fields = [WarmUp::fields(), train::Options::fields()].concat();
        for (name, default) in defaults {
            let field = fields.iter_mut().find(|field| field.name == name);
            field.expect("an option of `train`").default = default;
        }
        fields
    }
    fn slots(&mut self) -> Vec<Slot<'_>> {
        let mut slots = self.warm_up.slots();
        slots.extend(self.run.slots());
        slots
    }
}

/// Scratch buffers of a model.
#[derive(Default)]
pub struct Workspace<T: Lanes> {
    pub operation: Operation<T>,
    pub samples: Samples<T>,
    /// The weight of the KL divergences.
    kl_weight: f64,
    losses: Losses,
}

impl<T: Lanes> Workspace<T> {
    /// The parts of the last loss.
    pub fn losses(&self) -> Losses {
        self.losses
    }
}

/// The names of the terms of the loss.
pub const LOSS_TERMS: &[&str] = &["nll", "kl_initial", "kl_inferred"];

impl<T: Lanes> Model<T> {
    /// The model with these options of the KL warm-up.
    pub fn with_warm_up(self, warm_up: WarmUp) -> Model<T> {
        Model { warm_up, ..self }
    }

    /// Draws the samples of a loss: with a key as in training, without one as in validation.
    /// Returns the weight of the KL divergences.
    fn draw_samples(&self, work: &mut Workspace<T>, trials: &Trials<T>, key: Option<&Key>) -> f64 {
        let sizes = self.sizes_for(trials.trials, trials.time);
        match key {
            Some(key) => {
                work.samples.draw(self, sizes, key, true);
                work.kl_weight
            }
            None => {
                let key = Key::new(VALIDATION_SEED, Layout::default());
                work.samples.draw(self, sizes, &key, false);
                self.warm_up.kl_weight_end
            }
        }
    }

    fn record_losses(&self, work: &mut Workspace<T>, losses: Losses, kl_weight: f64) -> T {
        work.losses = losses;
        T::of(losses.nll + kl_weight * (losses.kl_initial + losses.kl_inferred))
    }
}

impl<T: Lanes> train::Model<T> for Model<T> {
    type Workspace = Workspace<T>;

    fn loss_term_names(&self) -> &'static [&'static str] {
        LOSS_TERMS
    }

    fn workspace(&self) -> Workspace<T> {
        Workspace::default()
    }

    fn inputs(&self) -> usize {
        self.sizes.channels
    }

    fn outputs(&self) -> usize {
        0
    }

    fn params(&self) -> &Arena<T> {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        &mut self.params
    }

    fn loss_bytes(&self, size: [usize; 2], gradient: bool) -> usize {
        self.training_bytes(size, gradient)
    }

    fn fingerprint(&self) -> Vec<(&'static str, String)> {
        let w = &self.warm_up;
        let weights = [
            w.kl_weight_start,
            w.kl_weight_end,
            w.kl_ramp_start as f64,
            w.kl_ramp_end as f64,
        ];
        vec![
            ("model", "lfads".into()),
            ("sizes", format!("{:?}", self.sizes)),
            ("keep", self.keep_prob.to_string()),
            ("var_min", self.var_min.to_string()),
            ("weights of the divergences", format!("{weights:?}")),
        ]
    }

    fn begin_batch(&self, work: &mut Workspace<T>, batch: usize) {
        work.kl_weight = self.warm_up.kl_weight(batch);
    }

    fn loss_terms(&self, work: &Workspace<T>) -> Option<LossTerms> {
        let Losses {
            nll,
            kl_initial,
            kl_inferred,
        } = work.losses;
        let values = [nll, kl_initial, kl_inferred];
        Some(LossTerms::new(LOSS_TERMS, &values))
    }

    fn loss(&self, work: &mut Workspace<T>, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let kl_weight = self.draw_samples(work, trials, key);
        let inputs = self.operation_inputs(&trials.inputs, work.samples.noise(), kl_weight);
        let sizes = self.sizes_for(trials.trials, trials.time);
        let losses = work.operation.losses(sizes, inputs);
        Ok(self.record_losses(work, losses, kl_weight))
    }

    fn loss_gradient(
        &self,
        work: &mut Workspace<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let kl_weight = self.draw_samples(work, trials, key);
        let inputs = self.operation_inputs(&trials.inputs, work.samples.noise(), kl_weight);
        let sizes = self.sizes_for(trials.trials, trials.time);
        let results = Results::default();
        let losses = work.operation.gradient(sizes, inputs, results, gradient);
        Ok(self.record_losses(work, losses, kl_weight))
    }
}

//! LFADS: the dynamics, and the inputs to them, behind what was observed of many trials.
//!
//! Source: Pandarinath and others 2018, in the form of the tutorial (Sussillo 2019)

mod draws;
mod infer;
pub mod kept;
mod train;

use std::sync::Arc;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::nn::{Cell, Plan, Precision, Rnn};
use crate::ops::Lanes;
use crate::ops::lfads::{Constants, Given, Losses, Noise, Sizes, layout};
use crate::ops::rnn::gru::Gru;
use crate::random::{Key, Layout};
use crate::tensor::{Arena, Tensor, shape, values};
use crate::train::{Model as _, Trials};
use crate::{choices, options};
pub use infer::{Course, Inference, Posterior, Summary};
pub use train::{Training, WarmUp, Work};

/// Trials that are judged together.
const TOGETHER: usize = 128;

choices! {
    /// What observations are, given the rates.
    pub enum Observations {
        /// Counts, with the rates as means.
        #[default]
        Poisson = "poisson",
        /// Numbers, with normal noise of a spread that is learned for each channel.
        Gaussian = "gaussian",
    }
}

options! {
    /// What a model is made from.
    pub struct Recipe for "lfads::model" {
        /// Numbers that are observed at each time.
        channels: usize = 1, in Span::from(1.0);
        /// Units of an encoder in one direction; there is one from the first time on, and one back
        /// from the last.
        encoder: usize = 128, in Span::from(1.0);
        /// Units of the controller.
        controller: usize = 128, in Span::from(1.0);
        /// Units of the generator.
        generator: usize = 128, in Span::from(1.0);
        /// Numbers at each time that all rates are made of.
        factors: usize = 32, in Span::from(1.0);
        /// Inputs to the generator that are inferred; with 0 there is no controller, and the
        /// generator runs by itself.
        inferred: usize = 1;
        /// What observations are: counts ("poisson") or numbers ("gaussian").
        observations: Observations = Observations::Poisson;
        /// Probability that a number is kept in training, of the observations, of what the encoders
        /// say of them, and of the generator's state.
        keep: f64 = 0.98, in Span::between(0.05, 1.0);
        /// What is added to every variance of a posterior.
        var_min: f64 = 1e-3, in Span::above(0.0);
        /// Variance of the prior of the first state, at the start.
        initial_prior_var: f64 = 0.1, in Span::above(0.0);
        /// Time constant of the prior of the inferred inputs, in time steps, at the start.
        inferred_prior_tau: f64 = 1.0, in Span::above(0.0);
        /// Variance of the noise of that prior, at the start.
        inferred_prior_var: f64 = 0.1, in Span::above(0.0);
        /// Seconds of a time step: rates are given per second. With 1 they are per step.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Kind of number.
        dtype: Precision = Precision::F32;
        /// Seed of the first parameters.
        seed: usize = 0;
        /// Key of the first parameters, in place of a seed.
        key: Option<Key> = None;
    }
}

/// A model with its parameters.
#[derive(Clone)]
pub struct Model<T> {
    /// Those of a call are these with its batch and time.
    pub sizes: Sizes,
    pub params: Arena<T>,
    pub keep: f64,
    pub var_min: f64,
    /// Seconds of a time step.
    pub dt: f64,
    warm_up: WarmUp,
}

impl Recipe {
    /// The number of parameters, roughly and rather more; never overflows.
    pub fn parameters(&self) -> usize {
        /// Blocks of a GRU, each of as many rows as it has units, and one to spare for vectors.
        const BLOCKS: usize = 4;
        let (e, c, g) = (self.encoder, self.controller, self.generator);
        let (d, k, u) = (self.channels, self.factors, self.inferred);
        let sum = |sizes: &[usize]| sizes.iter().fold(1usize, |all, n| all.saturating_add(*n));
        let gru = |units: usize, inputs: &[usize]| {
            shape::total(&[&[BLOCKS, units, sum(&[units, sum(inputs)])]])
        };
        let strands = [gru(e, &[d]), gru(e, &[d]), gru(c, &[e, e, k]), gru(g, &[u])];
        let (g1, e1, c1, k1) = (sum(&[g]), sum(&[e]), sum(&[c]), sum(&[k]));
        let others = shape::total(&[&[BLOCKS, g1, e1], &[BLOCKS, u, c1], &[k, g1], &[2, d, k1]]);
        sum(&[strands.as_slice(), &[others]].concat())
    }

    /// A new model. Weights are drawn from N(0, 1) over the root of the numbers that they weigh,
    /// for a GRU those of the state and of the input apart; first states from 0.1 N(0, 1). Biases
    /// and the means of priors are 0. Block k of the layout is drawn with child k of the key.
    ///
    /// Errors: `Range` if an option is outside its span
    pub fn build<T: Lanes>(&self) -> Result<Model<T>> {
        self.clone().check()?;
        let mut model = Model::zeros(self.sizes());
        model.keep = self.keep;
        model.var_min = self.var_min;
        model.dt = self.dt;
        let key = self
            .key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()));
        let blocks = model.params.layout().clone();
        for (k, block) in blocks.blocks().iter().enumerate() {
            let into = &mut model.params.data[block.range.clone()];
            let name = block.name.trim_end_matches("_reverse");
            match block.shape[..] {
                [rows, columns] => {
                    key.child(k, blocks.blocks().len()).fill_normal(into);
                    // The matrices of a GRU weigh its state, then its input.
                    let own = match name.rsplit('_').next() {
                        Some("wRUHX") => rows / 2,
                        Some("wCHX") => rows,
                        _ => columns,
                    };
                    for row in into.chunks_exact_mut(columns) {
                        let (state, input) = row.split_at_mut(own);
                        for part in [state, input] {
                            let scale = T::of(1.0 / (part.len() as f64).sqrt());
                            part.iter_mut().for_each(|w| *w *= scale);
                        }
                    }
                }
                _ if name.ends_with("_h0") && name != "gen_h0" => {
                    key.child(k, blocks.blocks().len()).fill_normal(into);
                    into.iter_mut().for_each(|h| *h *= T::of(0.1));
                }
                _ => {
                    let start = match name {
                        "initial_prior_logvar" => self.initial_prior_var.ln(),
                        "inferred_prior_logtau" => self.inferred_prior_tau.ln(),
                        "inferred_prior_logvar" => self.inferred_prior_var.ln(),
                        _ => 0.0,
                    };
                    into.fill(T::of(start));
                }
            }
        }
        Ok(model)
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            batch: 1,
            time: 1,
            channels: self.channels,
            encoder: self.encoder,
            controller: if self.inferred > 0 {
                self.controller
            } else {
                0
            },
            inferred: self.inferred,
            generator: self.generator,
            factors: self.factors,
            gaussian: self.observations == Observations::Gaussian,
        }
    }
}

impl<T: Lanes> Model<T> {
    /// All parameters zero, with the constants of a [`Recipe`] that says nothing of them.
    pub fn zeros(sizes: Sizes) -> Model<T> {
        let recipe = Recipe::default();
        Model {
            sizes,
            params: Arena::zeros(Arc::new(layout::<T>(sizes))),
            keep: recipe.keep,
            var_min: recipe.var_min,
            dt: recipe.dt,
            warm_up: WarmUp::default(),
        }
    }

    fn sized(&self, batch: usize, time: usize) -> Sizes {
        Sizes {
            batch,
            time,
            ..self.sizes
        }
    }

    /// What a run of observations is given.
    fn given<'a>(&'a self, observed: &'a [T], noise: Noise<'a, T>, kl_scale: f64) -> Given<'a, T> {
        Given {
            params: &self.params.data,
            observed,
            noise,
            constants: Constants {
                var_min: T::of(self.var_min),
                kl_scale: T::of(kl_scale),
            },
        }
    }

    /// The parts of the loss as a validation has them.
    pub fn evaluate(&self, observed: &Observed<T>) -> Result<Losses> {
        let mut work = Work::default();
        let mut trials = Trials {
            trials: 0,
            time: observed.time,
            inputs: Vec::new(),
            targets: Vec::new(),
            mask: None,
            lengths: None,
        };
        let mut all = Losses::default();
        let some = observed
            .numbers
            .chunks(TOGETHER * observed.time * self.sizes.channels);
        for numbers in some {
            trials.trials = numbers.len() / observed.time / self.sizes.channels;
            trials.inputs.clear();
            trials.inputs.extend_from_slice(numbers);
            self.loss(&mut work, &trials, None)?;
            let part = trials.trials as f64 / observed.trials as f64;
            let losses = work.losses();
            all.nll += part * losses.nll;
            all.initial += part * losses.initial;
            all.inferred += part * losses.inferred;
        }
        Ok(all)
    }

    /// The logarithm of the factorials of a trial's counts, mean over trials; 0 for observations
    /// that are no counts.
    pub fn log_factorials(&self, observed: &Observed<T>) -> f64 {
        if self.sizes.gaussian {
            return 0.0;
        }
        let all: f64 = observed
            .numbers
            .iter()
            .map(|x| libm::lgamma(x.double() + 1.0))
            .sum();
        all / observed.trials as f64
    }

    /// The trials of observations [n, t, d], checked.
    ///
    /// Errors: `Shape` for another shape; `NotFinite`; `Range` for a count that is negative or not
    /// whole
    pub fn observed(&self, of: &'static str, x: &Tensor) -> Result<Observed<T>> {
        let d = self.sizes.channels;
        let (trials, time) = match x.dims() {
            [n, t, channels] if *n > 0 && *t > 0 && *channels == d => (*n, *t),
            found => {
                return Err(Error::Shape {
                    op: of,
                    what: "observations",
                    expected: format!("[n, t, {d}], one trial and one time at least"),
                    found: found.to_vec(),
                });
            }
        };
        let numbers = values::reals::<T>(x)?;
        let place = |at: usize| {
            format!(
                "trial {}, time {}, channel {}",
                at / d / time,
                at / d % time,
                at % d
            )
        };
        for (at, x) in numbers.iter().enumerate() {
            if !x.is_finite() {
                return Err(Error::NotFinite {
                    of,
                    what: format!("the observation of {},", place(at)),
                    found: x.double(),
                    index: at,
                });
            }
            let x = x.double();
            let counts = x >= 0.0 && x.fract() == 0.0;
            if !(self.sizes.gaussian || counts) {
                return Err(Error::Range {
                    of: of.into(),
                    name: format!("observation of {}", place(at)),
                    expected: "a count, of 0 or more and whole (the model's observations are \
                               \"poisson\")"
                        .into(),
                    found: x.to_string(),
                });
            }
        }
        Ok(Observed {
            trials,
            time,
            numbers,
        })
    }

    /// The generator as a network of its own: its inputs are the inferred ones, its outputs the
    /// log-rates, its first state the mean of the prior.
    pub fn generator(&self) -> Result<Rnn<T>> {
        let s = self.sizes;
        let cell = Cell::Gru(Gru::default());
        let mut net = Rnn::zeros(Plan::new(cell, [s.inferred, s.generator, s.channels]));
        for name in ["wRUHX", "wCHX", "bRU", "bC"] {
            let from = self.params.block(&format!("gen_{name}"))?;
            net.params.block_mut(name)?.copy_from_slice(from);
        }
        let mean = self.params.block("initial_prior_mean")?;
        net.params.block_mut("h0")?.copy_from_slice(mean);
        let rows = self.params.block("factors_w")?.chunks_exact(s.generator);
        let rates = self.params.block("rates_w")?.chunks_exact(s.factors);
        let length = |row: &[T]| row.iter().map(|w| w.double().powi(2)).sum::<f64>().sqrt();
        let readout = net.params.block_mut("wO")?.chunks_exact_mut(s.generator);
        for (into, weights) in readout.zip(rates) {
            for (row, weight) in rows.clone().zip(weights) {
                let scale = T::of(weight.double() / length(row));
                into.iter_mut().zip(row).for_each(|(x, w)| *x += scale * *w);
            }
        }
        net.params
            .block_mut("bO")?
            .copy_from_slice(self.params.block("rates_b")?);
        Ok(net)
    }
}

/// Observations [n, t, d] of some trials.
#[derive(Debug, Clone)]
pub struct Observed<T> {
    pub trials: usize,
    pub time: usize,
    pub numbers: Vec<T>,
}

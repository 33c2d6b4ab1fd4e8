//! LFADS: inference of the latent dynamics, and of the inputs to them, from observations of many
//! trials.
//!
//! Source: Pandarinath and others 2018, in the form of the tutorial (Sussillo 2019)

mod evaluation;
mod generate;
mod infer;
mod memory;
mod sampling;
pub mod serialize;
mod summary;
mod train;
mod trajectories;
mod warm_up;

use std::sync::Arc;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::nn::{Cell, Rnn, Spec};
use crate::ops::Lanes;
use crate::ops::lfads::{Constants, Inputs, Noise, Sizes, layout};
use crate::ops::rnn::cells::Gru;
use crate::random::{Key, Seed};
use crate::tensor::{Arena, Block, Precision, Tensor, convert, shape};
use crate::{choices, options};
pub use infer::{InferenceOptions, Posterior};
pub use summary::Summary;
pub use train::{LOSS_TERMS, TrainingOptions, Workspace};
pub use trajectories::Trajectories;
pub use warm_up::WarmUp;

choices! {
    /// The distribution of observations given the rates.
    pub enum Observations {
        /// Poisson counts with the rates as means.
        #[default]
        Poisson = "poisson",
        /// Values with Gaussian noise, whose standard deviation is learned for each channel.
        Gaussian = "gaussian",
    }
}

options! {
    /// Options of a model.
    pub struct ModelOptions for "lfads::model" {
        /// Number of observed channels.
        channels: usize = 1, in Span::at_least(1.0);
        /// Number of units of an encoder in one direction. Each encoder runs forward and backward
        /// in time.
        encoder: usize = 128, in Span::at_least(1.0);
        /// Number of units of the controller.
        controller: usize = 128, in Span::at_least(1.0);
        /// Number of units of the generator.
        generator: usize = 128, in Span::at_least(1.0);
        /// Number of latent factors.
        factors: usize = 32, in Span::at_least(1.0);
        /// Number of inferred inputs to the generator. With 0 there is no controller, and the
        /// generator is autonomous.
        inferred_inputs: usize = 1;
        /// Distribution of the observations: counts ("poisson") or real values ("gaussian").
        observations: Observations = Observations::Poisson;
        /// Probability that training retains a value, that is 1 minus the dropout probability.
        /// Dropout applies to the observations, the encoder outputs and the generator state.
        keep_prob: f64 = 0.98, in Span::between(0.05, 1.0);
        /// Constant added to every posterior variance.
        var_min: f64 = 1e-3, in Span::above(0.0);
        /// Variance of the prior of the initial condition, at initialization.
        initial_prior_var: f64 = 0.1, in Span::above(0.0);
        /// Time constant tau in time steps, at initialization, of the prior of the inferred inputs:
        /// an autoregressive process of order 1 with the factor exp(-1 / tau) per step.
        inferred_prior_tau: f64 = 1.0, in Span::above(0.0);
        /// Variance of the noise that the autoregressive process adds at each step, at
        /// initialization.
        inferred_prior_var: f64 = 0.1, in Span::above(0.0);
        /// Duration of a time step in seconds, so that rates are per second. With 1, rates are per
        /// step.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Precision of all values.
        dtype: Precision = Precision::F32;
        /// Seed of the parameter initialization.
        seed: Seed = Seed::default();
    }
}

/// A model with its parameters.
#[derive(Clone)]
pub struct Model<T> {
    /// The sizes of the model. Batch and time are set for each call.
    pub sizes: Sizes,
    pub params: Arena<T>,
    pub keep_prob: f64,
    pub var_min: f64,
    /// Seconds per time step.
    pub dt: f64,
    warm_up: WarmUp,
}

impl ModelOptions {
    /// An upper estimate of the number of parameters, computed without overflow.
    pub fn num_params(&self) -> usize {
        /// Blocks of a GRU, each with as many rows as units, and one more for the vectors.
        const BLOCKS: usize = 4;
        let (e, c, g) = (self.encoder, self.controller, self.generator);
        let (d, k, u) = (self.channels, self.factors, self.inferred_inputs);
        let sum = |sizes: &[usize]| sizes.iter().fold(1usize, |all, n| all.saturating_add(*n));
        let gru = |units: usize, inputs: &[usize]| {
            shape::total_elements(&[&[BLOCKS, units, sum(&[units, sum(inputs)])]])
        };
        let grus = [gru(e, &[d]), gru(e, &[d]), gru(c, &[e, e, k]), gru(g, &[u])];
        let (g1, e1, c1, k1) = (sum(&[g]), sum(&[e]), sum(&[c]), sum(&[k]));
        let others =
            shape::total_elements(&[&[BLOCKS, g1, e1], &[BLOCKS, u, c1], &[k, g1], &[2, d, k1]]);
        sum(&[grus.as_slice(), &[others]].concat())
    }

    /// A new model. Weights are drawn from N(0, 1) divided by the square root of the number of
    /// inputs; for a GRU, state and input columns are scaled separately. Initial states are drawn
    /// from 0.1 N(0, 1). Biases and prior means are 0. Block k of the layout is drawn with child k
    /// of the key.
    ///
    /// Errors: `Range` if an option is out of range
    pub fn build<T: Lanes>(&self) -> Result<Model<T>> {
        self.clone().check()?;
        let mut model = Model::zeros(self.sizes());
        model.keep_prob = self.keep_prob;
        model.var_min = self.var_min;
        model.dt = self.dt;
        let key = self.seed.key();
        let blocks = model.params.layout().clone();
        for (k, block) in blocks.blocks().iter().enumerate() {
            let key = key.split_nth(k, blocks.blocks().len());
            let into = &mut model.params.data[block.range.clone()];
            self.initialize(block, &key, into);
        }
        Ok(model)
    }

    /// Sets the initial values of one block.
    fn initialize<T: Lanes>(&self, block: &Block, key: &Key, into: &mut [T]) {
        let name = block.name.trim_end_matches("_reverse");
        match block.shape[..] {
            [rows, columns] => {
                key.fill_normal(into);
                // The columns of a GRU matrix multiply the state first, then the input.
                let state_columns = match name.rsplit('_').next() {
                    Some("wRUHX") => rows / 2,
                    Some("wCHX") => rows,
                    _ => columns,
                };
                for row in into.chunks_exact_mut(columns) {
                    let (state, input) = row.split_at_mut(state_columns);
                    for part in [state, input] {
                        let scale = T::of(1.0 / (part.len() as f64).sqrt());
                        part.iter_mut().for_each(|w| *w *= scale);
                    }
                }
            }
            _ if name.ends_with("_h0") && name != "gen_h0" => {
                key.fill_normal(into);
                into.iter_mut().for_each(|h| *h *= T::of(0.1));
            }
            _ => {
                let value = match name {
                    "initial_prior_logvar" => self.initial_prior_var.ln(),
                    "inferred_prior_logtau" => self.inferred_prior_tau.ln(),
                    "inferred_prior_logvar" => self.inferred_prior_var.ln(),
                    _ => 0.0,
                };
                into.fill(T::of(value));
            }
        }
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            batch: 1,
            time: 1,
            channels: self.channels,
            encoder: self.encoder,
            controller: if self.inferred_inputs > 0 {
                self.controller
            } else {
                0
            },
            inferred: self.inferred_inputs,
            generator: self.generator,
            factors: self.factors,
            gaussian: self.observations == Observations::Gaussian,
        }
    }
}

impl<T: Lanes> Model<T> {
    /// A model with parameters 0 and the default constants of [`ModelOptions`].
    pub fn zeros(sizes: Sizes) -> Model<T> {
        let defaults = ModelOptions::default();
        Model {
            sizes,
            params: Arena::zeros(Arc::new(layout::<T>(sizes))),
            keep_prob: defaults.keep_prob,
            var_min: defaults.var_min,
            dt: defaults.dt,
            warm_up: WarmUp::default(),
        }
    }

    fn sizes_for(&self, batch: usize, time: usize) -> Sizes {
        Sizes {
            batch,
            time,
            ..self.sizes
        }
    }

    /// The inputs of an operation on observations.
    fn operation_inputs<'a>(
        &'a self,
        observed: &'a [T],
        noise: Noise<'a, T>,
        kl_weight: f64,
    ) -> Inputs<'a, T> {
        Inputs {
            params: &self.params.data,
            observed,
            noise,
            constants: Constants {
                var_min: T::of(self.var_min),
                kl_weight: T::of(kl_weight),
            },
        }
    }

    /// The validated trials of observations [n, t, d].
    ///
    /// Errors: `Shape` if the shape is wrong; `NotFinite`; `Range` for a count that is negative or
    /// not an integer
    pub fn observed_trials(&self, of: &'static str, x: &Tensor) -> Result<ObservedTrials<T>> {
        let d = self.sizes.channels;
        let (trials, time) = match x.dims() {
            [n, t, channels] if *n > 0 && *t > 0 && *channels == d => (*n, *t),
            found => {
                return Err(Error::Shape {
                    op: of,
                    what: "observations",
                    expected: format!("[n, t, {d}] with at least one trial and one time step"),
                    found: found.to_vec(),
                });
            }
        };
        let values = convert::to_vec::<T>(x)?;
        self.check_observations(of, &values, time)?;
        Ok(ObservedTrials {
            trials,
            time,
            values,
        })
    }

    /// Errors: `NotFinite`; `Range` for a count that is negative or not an integer
    fn check_observations(&self, of: &'static str, values: &[T], time: usize) -> Result<()> {
        let d = self.sizes.channels;
        let location = |at: usize| {
            format!(
                "trial {}, time {}, channel {}",
                at / d / time,
                at / d % time,
                at % d
            )
        };
        for (at, x) in values.iter().enumerate() {
            if !x.is_finite() {
                return Err(Error::NotFinite {
                    of,
                    what: format!("the observation at {},", location(at)),
                    found: x.double(),
                    index: at,
                });
            }
            let x = x.double();
            let is_count = x >= 0.0 && x.fract() == 0.0;
            if !(self.sizes.gaussian || is_count) {
                return Err(Error::Range {
                    of: of.into(),
                    name: format!("observation at {}", location(at)),
                    expected:
                        "a non-negative integer (the observations of the model are \"poisson\")"
                            .into(),
                    found: x.to_string(),
                });
            }
        }
        Ok(())
    }

    /// The generator as a separate network. Its inputs are the inferred inputs, its outputs the
    /// log-rates, and its initial state the mean of the prior.
    pub fn generator_network(&self) -> Result<Rnn<T>> {
        let s = self.sizes;
        let cell = Cell::Gru(Gru::default());
        let mut net = Rnn::zeros(Spec::new(cell, [s.inferred, s.generator, s.channels]));
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

/// Observations [n, t, d].
#[derive(Debug, Clone)]
pub struct ObservedTrials<T> {
    pub trials: usize,
    pub time: usize,
    pub values: Vec<T>,
}

//! The sequential autoencoder LFADS over all time steps of all trials as one operation: forward and
//! backward pass.
//!
//! ```text
//! e_t = [forward GRU over x, reverse GRU over x]                     encoders
//! g_0 ~ N(m, exp(v) + min),  [m; v] = initial [final states] + b     initial condition
//! c_t = GRU(c_(t-1), [e_t, f_(t-1)])                                 controller
//! u_t ~ N(m_t, exp(v_t) + min),  [m_t; v_t] = inferred c_t + b       inferred inputs
//! g_t = GRU(g_(t-1), u_t)    f_t = W g_t, rows of W with norm 1      generator, factors
//! log-rates_t = rates f_t + b
//! ```
//!
//! The loss is the negative log-likelihood of x (without log x!, which does not depend on the
//! parameters) plus the weighted KL divergences of both posteriors from their priors. The prior of
//! g_0 is N(mean, exp(logvar) + min). The prior of u is an autoregressive process, u_t = mean + phi
//! u_(t-1) + noise with phi = exp(-exp(-logtau)), whose log-density is evaluated at a second
//! sample. Without a controller the generator is autonomous.
//!
//! One thread computes all networks for a slice of trials, as in the recurrent layers. The GRU
//! kernels are those of the GRU operation.
//!
//! Source: Pandarinath and others 2018, as implemented in the tutorial (Sussillo 2019)

mod activations;
mod backward;
mod forward;
mod layout;
mod loss;
mod packed_params;
mod slice;
mod weight_grads;

use super::Lanes;
use super::rnn::cell::LayerDims;
use super::rnn::cells::Gru;
use super::simd::TRIALS;
use super::simd::gemm_tn::sum_runs;
use super::simd::partition::Partition;
pub use layout::layout;
use layout::{GradLayout, ParamLayout};
use packed_params::PackedParams;
use slice::{Job, Workspace};

/// The cell of all networks of the model.
const CELL: Gru = Gru { update_bias: 0.5 };

/// Sizes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// b, number of trials.
    pub batch: usize,
    /// t, number of time steps.
    pub time: usize,
    /// d, number of observed channels.
    pub channels: usize,
    /// e, units of each encoder.
    pub encoder: usize,
    /// c, units of the controller; 0 without a controller.
    pub controller: usize,
    /// u, number of inferred inputs; 0 without a controller.
    pub inferred: usize,
    /// g, units of the generator.
    pub generator: usize,
    /// k, number of factors.
    pub factors: usize,
    /// Whether observations are real values with Gaussian noise of learned variance instead of
    /// counts.
    pub gaussian: bool,
}

/// Constants of the equations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants<T> {
    /// Minimum variance, added to every posterior variance.
    pub var_min: T,
    /// Weight of the KL divergences in the loss.
    pub kl_weight: T,
}

/// Inputs of a run.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, T> {
    /// Parameters in the order of [`layout()`].
    pub params: &'a [T],
    /// x [b, t, d]
    pub observed: &'a [T],
    pub noise: Noise<'a, T>,
    pub constants: Constants<T>,
}

/// Standard normals for the samples (zero if absent) and dropout factors (1 if absent).
#[derive(Debug, Clone, Copy)]
pub struct Noise<'a, T> {
    /// Normals of g_0, [b, g].
    pub initial: Option<&'a [T]>,
    /// Normals of u, [b, t, u].
    pub inferred: Option<&'a [T]>,
    /// Normals of the second sample of u, at which the KL divergence is evaluated, [b, t, u].
    pub kl_sample: Option<&'a [T]>,
    /// Factors of x as the input of the encoders, [b, t, d].
    pub dropout_observed: Option<&'a [T]>,
    /// Factors of e_t, [b, t, 2 e].
    pub dropout_encoded: Option<&'a [T]>,
    /// Factors of the final encoder states, reverse encoder first, [b, 2 e].
    pub dropout_final: Option<&'a [T]>,
    /// Factors of g_t, [b, t, g].
    pub dropout_generator: Option<&'a [T]>,
}

impl<T> Default for Noise<'_, T> {
    fn default() -> Self {
        Noise {
            initial: None,
            inferred: None,
            kl_sample: None,
            dropout_observed: None,
            dropout_encoded: None,
            dropout_final: None,
            dropout_generator: None,
        }
    }
}

/// Buffers for the results; an empty buffer means that the result is not requested.
#[derive(Debug)]
pub struct Results<'a, T> {
    /// [b, t, d]; the means if observations are Gaussian.
    pub log_rates: &'a mut [T],
    /// [b, t, k]
    pub factors: &'a mut [T],
    /// g_t [b, t, g]
    pub generator: &'a mut [T],
    /// c_t [b, t, c]
    pub controller: &'a mut [T],
    /// The sample of u that the generator receives, [b, t, u].
    pub inferred: &'a mut [T],
    /// [b, t, 2 u]: means, then log-variances.
    pub inferred_posterior: &'a mut [T],
    /// g_0 [b, g]
    pub initial: &'a mut [T],
    /// [b, 2 g]: means, then log-variances.
    pub initial_posterior: &'a mut [T],
}

impl<T> Default for Results<'_, T> {
    fn default() -> Self {
        Results {
            log_rates: &mut [],
            factors: &mut [],
            generator: &mut [],
            controller: &mut [],
            inferred: &mut [],
            inferred_posterior: &mut [],
            initial: &mut [],
            initial_posterior: &mut [],
        }
    }
}

/// Terms of the loss, averaged over trials.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Losses {
    /// Negative log-likelihood.
    pub nll: f64,
    /// KL divergence of g_0 from its prior.
    pub kl_initial: f64,
    /// KL divergence of u from its prior, estimated at one sample.
    pub kl_inferred: f64,
}

/// Computation that a call performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Forward pass from observations to rates.
    Infer,
    /// Forward pass and losses.
    Losses,
    /// Forward pass, losses and backward pass.
    Gradient,
    /// Forward pass from initial conditions and inputs to rates.
    Generate,
}

/// The operation with its buffers. Only the first call of each kind with the same sizes allocates
/// memory.
#[derive(Default)]
pub struct Operation<T: Lanes> {
    packed: PackedParams<T>,
    workspaces: Vec<Workspace<T>>,
    /// Loss sums of each group of trials.
    losses: Vec<Losses>,
    /// Accumulated weight gradients, one run after another.
    grads: Vec<T>,
}

impl Sizes {
    /// Sizes of each encoder as a recurrent layer.
    fn encoder_dims(self) -> LayerDims {
        layer_dims(self.encoder, self.channels)
    }

    fn controller_dims(self) -> LayerDims {
        layer_dims(self.controller, 2 * self.encoder + self.factors)
    }

    fn generator_dims(self) -> LayerDims {
        layer_dims(self.generator, self.inferred)
    }
}

fn layer_dims(units: usize, inputs: usize) -> LayerDims {
    LayerDims {
        units,
        groups: 1,
        inputs,
        outputs: 0,
    }
}

impl<T: Lanes> Operation<T> {
    /// Computes the rates of all trials from the observations.
    pub fn infer(&mut self, sizes: Sizes, inputs: Inputs<'_, T>, results: Results<'_, T>) {
        self.execute(self.job(sizes, inputs, Mode::Infer), results);
    }

    /// [`Operation::infer`] for `copies` samples of each trial, a multiple of [`TRIALS`]: x is
    /// [b / copies, t, d], and the encoders process each trial once.
    pub fn infer_copies(
        &mut self,
        sizes: Sizes,
        copies: usize,
        inputs: Inputs<'_, T>,
        results: Results<'_, T>,
    ) {
        debug_assert!(copies.is_multiple_of(TRIALS) && sizes.batch.is_multiple_of(copies));
        let mut job = self.job(sizes, inputs, Mode::Infer);
        job.copies = copies;
        job.partition.run = copies;
        self.execute(job, results);
    }

    /// Computes the rates of all trials from initial conditions [b, g] and inputs [b, t, u].
    pub fn generate(
        &mut self,
        sizes: Sizes,
        params: &[T],
        [initial, inferred]: [&[T]; 2],
        results: Results<'_, T>,
    ) {
        let noise = Noise {
            initial: Some(initial),
            inferred: Some(inferred),
            ..Noise::default()
        };
        let zero = T::of(0.0);
        let inputs = Inputs {
            params,
            observed: &[],
            noise,
            constants: Constants {
                var_min: zero,
                kl_weight: zero,
            },
        };
        self.execute(self.job(sizes, inputs, Mode::Generate), results);
    }

    /// Computes the terms of the loss.
    pub fn losses(&mut self, sizes: Sizes, inputs: Inputs<'_, T>) -> Losses {
        self.execute(self.job(sizes, inputs, Mode::Losses), Results::default());
        self.mean_losses(sizes)
    }

    /// Computes the terms of the loss, and the gradient of nll + kl_weight (kl_initial +
    /// kl_inferred) with respect to the parameters, in the order of [`layout()`]. Overwrites
    /// `gradient`.
    pub fn gradient(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
        results: Results<'_, T>,
        gradient: &mut [T],
    ) -> Losses {
        self.execute(self.job(sizes, inputs, Mode::Gradient), results);
        let count = GradLayout::new(sizes).count();
        sum_runs(&mut self.grads, count);
        let layout = ParamLayout::new(sizes);
        weight_grads::unpack(sizes, &layout, &self.packed, &self.grads[..count], gradient);
        self.mean_losses(sizes)
    }

    fn mean_losses(&self, sizes: Sizes) -> Losses {
        let mut all = Losses::default();
        for group in &self.losses {
            all.nll += group.nll;
            all.kl_initial += group.kl_initial;
            all.kl_inferred += group.kl_inferred;
        }
        let trials = sizes.batch as f64;
        Losses {
            nll: all.nll / trials,
            kl_initial: all.kl_initial / trials,
            kl_inferred: all.kl_inferred / trials,
        }
    }

    fn job<'a>(&self, sizes: Sizes, inputs: Inputs<'a, T>, mode: Mode) -> Job<'a, T> {
        let threads = rayon::current_num_threads();
        let bytes = size_of_val(inputs.params);
        Job {
            sizes,
            inputs,
            mode,
            copies: 1,
            partition: Partition::new(sizes.batch, mode == Mode::Gradient, bytes, threads, Some(1)),
            trial_weight: T::of(1.0 / sizes.batch as f64),
            ln_var_min: T::of(inputs.constants.var_min.double().ln()),
        }
    }
}

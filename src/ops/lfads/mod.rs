//! The sequential autoencoder LFADS over all times of all trials: one operation, forward and back.
//!
//! ```text
//! e_t = [GRU over x from the front, GRU over x from the back]       encoders
//! g_0 ~ N(m, exp(v) + min),  [m; v] = initial [last of both] + b     initial state
//! c_t = GRU(c_(t-1), [e_t, f_(t-1)])                                 controller
//! u_t ~ N(m_t, exp(v_t) + min),  [m_t; v_t] = inferred c_t + b       inferred inputs
//! g_t = GRU(g_(t-1), u_t)    f_t = rows of W of length 1, g_t        generator, factors
//! log-rates_t = rates f_t + b
//! ```
//!
//! The loss is the negative log-likelihood of x (without the logarithm of x!, which no parameter
//! moves) plus, weighted, how far both posteriors are from their priors: N(mean, exp(logvar) + min)
//! for g_0, and for u an autoregressive process u_t = mean + phi u_(t-1) + noise, with
//! phi = exp(-exp(-logtau)), whose log-density is taken at a second sample. Without a controller
//! the generator runs by itself.
//!
//! A slice of trials goes through everything in one thread, as in the recurrent layers; the cells
//! are those of the GRU operation.
//!
//! Source: Pandarinath and others 2018, in the form of the tutorial (Sussillo 2019)

mod back;
mod forward;
mod frames;
mod loss;
mod packed;
mod places;
mod spread;
mod sums;

use super::Lanes;
use super::rnn::gru::Gru;
use super::rnn::update::Strand;
use super::simd::TRIALS;
use super::simd::division::Division;
use super::simd::sums::join;
use packed::Packed;
pub use places::layout;
use places::{Places, SumPlaces};
use spread::{Task, Workspace};

/// The cell of all networks here.
const CELL: Gru = Gru { update_bias: 0.5 };

/// The sizes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// b
    pub batch: usize,
    /// t
    pub time: usize,
    /// d, numbers of an observation.
    pub channels: usize,
    /// e, units of an encoder in one direction.
    pub encoder: usize,
    /// c, units of the controller; 0 if there is none.
    pub controller: usize,
    /// u, inferred inputs; 0 without a controller.
    pub inferred: usize,
    /// g, units of the generator.
    pub generator: usize,
    /// k
    pub factors: usize,
    /// Whether observations are numbers with normal noise of a learned spread, not counts.
    pub gaussian: bool,
}

/// What the equations leave open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants<T> {
    /// What is added to every variance of a posterior.
    pub var_min: T,
    /// The weight of the divergences from the priors.
    pub kl_scale: T,
}

/// What goes into a run.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a, T> {
    /// In the order of the layout.
    pub params: &'a [T],
    /// x [b, t, d]
    pub observed: &'a [T],
    pub noise: Noise<'a, T>,
    pub constants: Constants<T>,
}

/// Standard normals for the samples, zero where they are absent; and what numbers are multiplied
/// with where some are dropped, 1 where they are absent.
#[derive(Debug, Clone, Copy)]
pub struct Noise<'a, T> {
    /// For g_0, [b, g].
    pub initial: Option<&'a [T]>,
    /// For u, [b, t, u].
    pub inferred: Option<&'a [T]>,
    /// For the second sample of u, at which its prior is asked, [b, t, u].
    pub asked: Option<&'a [T]>,
    /// On x as the encoders see it, [b, t, d].
    pub keep_observed: Option<&'a [T]>,
    /// On e_t, [b, t, 2 e].
    pub keep_encoded: Option<&'a [T]>,
    /// On the last states of both encoders, those of the one from the back first, [b, 2 e].
    pub keep_ends: Option<&'a [T]>,
    /// On g_t, [b, t, g].
    pub keep_generated: Option<&'a [T]>,
}

impl<T> Default for Noise<'_, T> {
    fn default() -> Self {
        Noise {
            initial: None,
            inferred: None,
            asked: None,
            keep_observed: None,
            keep_encoded: None,
            keep_ends: None,
            keep_generated: None,
        }
    }
}

/// Where the results go; an empty array is not asked for.
#[derive(Debug)]
pub struct Results<'a, T> {
    /// [b, t, d]; the means, where observations are no counts.
    pub log_rates: &'a mut [T],
    /// [b, t, k]
    pub factors: &'a mut [T],
    /// g_t [b, t, g]
    pub generator: &'a mut [T],
    /// c_t [b, t, c]
    pub controller: &'a mut [T],
    /// The sample that the generator was given, [b, t, u].
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

/// The parts of a loss, means over trials.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Losses {
    /// Negative log-likelihood of a trial.
    pub nll: f64,
    /// Divergence of g_0 from its prior.
    pub initial: f64,
    /// Divergence of u from its prior, at one sample.
    pub inferred: f64,
}

/// What is done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From observations to rates.
    Infer,
    /// The same, with the losses.
    Judge,
    /// And back again.
    Learn,
    /// From initial states and inputs to rates.
    Generate,
}

/// The operation with every buffer its runs need: nothing is allocated after the first call of
/// each kind with the same sizes.
#[derive(Default)]
pub struct Operation<T: Lanes> {
    packed: Packed<T>,
    workspaces: Vec<Workspace<T>>,
    /// Of each group of trials.
    losses: Vec<Losses>,
    /// What the gradients are made of, one run after another.
    sums: Vec<T>,
}

impl Sizes {
    /// The encoders, the controller and the generator, as recurrent layers.
    fn encoder_strand(self) -> Strand {
        strand(self.encoder, self.channels)
    }

    fn controller_strand(self) -> Strand {
        strand(self.controller, 2 * self.encoder + self.factors)
    }

    fn generator_strand(self) -> Strand {
        strand(self.generator, self.inferred)
    }
}

fn strand(units: usize, inputs: usize) -> Strand {
    Strand {
        units,
        one: 1,
        inputs,
        above: 0,
    }
}

impl<T: Lanes> Operation<T> {
    /// Runs all trials from what was observed to the rates.
    pub fn infer(&mut self, sizes: Sizes, given: Given<'_, T>, results: Results<'_, T>) {
        self.spread(self.task(sizes, given, Way::Infer), results);
    }

    /// The same, for `copies` samples of each trial, a multiple of [`TRIALS`]: x is
    /// [b / copies, t, d], and the encoders see each trial once.
    pub fn infer_copies(
        &mut self,
        sizes: Sizes,
        copies: usize,
        given: Given<'_, T>,
        results: Results<'_, T>,
    ) {
        debug_assert!(copies.is_multiple_of(TRIALS) && sizes.batch.is_multiple_of(copies));
        let mut task = self.task(sizes, given, Way::Infer);
        task.copies = copies;
        task.division.run = copies;
        self.spread(task, results);
    }

    /// Runs all trials from initial states [b, g] and inputs [b, t, u] to the rates.
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
        let given = Given {
            params,
            observed: &[],
            noise,
            constants: Constants {
                var_min: zero,
                kl_scale: zero,
            },
        };
        self.spread(self.task(sizes, given, Way::Generate), results);
    }

    /// The parts of the loss.
    pub fn losses(&mut self, sizes: Sizes, given: Given<'_, T>) -> Losses {
        self.spread(self.task(sizes, given, Way::Judge), Results::default());
        self.mean_losses(sizes)
    }

    /// The parts of the loss, and the gradient of nll + kl_scale (initial + inferred) by the
    /// parameters (overwritten; in the order of the layout).
    pub fn gradient(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        results: Results<'_, T>,
        gradient: &mut [T],
    ) -> Losses {
        self.spread(self.task(sizes, given, Way::Learn), results);
        let count = SumPlaces::of(sizes).count();
        join(&mut self.sums, count);
        let places = Places::of(sizes);
        sums::unpack(sizes, &places, &self.packed, &self.sums[..count], gradient);
        self.mean_losses(sizes)
    }

    fn mean_losses(&self, sizes: Sizes) -> Losses {
        let mut all = Losses::default();
        for some in &self.losses {
            all.nll += some.nll;
            all.initial += some.initial;
            all.inferred += some.inferred;
        }
        let trials = sizes.batch as f64;
        Losses {
            nll: all.nll / trials,
            initial: all.initial / trials,
            inferred: all.inferred / trials,
        }
    }

    fn task<'a>(&self, sizes: Sizes, given: Given<'a, T>, way: Way) -> Task<'a, T> {
        let threads = rayon::current_num_threads();
        let bytes = size_of_val(given.params);
        Task {
            sizes,
            given,
            way,
            copies: 1,
            division: Division::of(sizes.batch, way == Way::Learn, bytes, threads, Some(1)),
            slope: T::of(1.0 / sizes.batch as f64),
            ln_min: T::of(given.constants.var_min.double().ln()),
        }
    }
}

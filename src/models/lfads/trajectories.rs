//! The latent variables and rates that a model computes.

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSliceMut;

use crate::ops::Lanes;
use crate::ops::lfads::{Results, Sizes};
use crate::ops::simd::math::exp_in_place;

/// The number of values that a thread processes at a time.
const CHUNK: usize = 1 << 12;

/// The latent variables and rates of one pass.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Trajectories<T> {
    pub rates: Vec<T>,
    pub factors: Vec<T>,
    pub generator: Vec<T>,
    pub inferred: Vec<T>,
    pub initial: Vec<T>,
}

impl<T: Lanes> Trajectories<T> {
    pub(super) fn resize(&mut self, s: Sizes) {
        let (rows, time, zero) = (s.batch, s.time, T::of(0.0));
        self.rates.resize(rows * time * s.channels, zero);
        self.factors.resize(rows * time * s.factors, zero);
        self.generator.resize(rows * time * s.generator, zero);
        self.inferred.resize(rows * time * s.inferred, zero);
        self.initial.resize(rows * s.generator, zero);
    }

    pub(super) fn results(&mut self) -> Results<'_, T> {
        Results {
            log_rates: &mut self.rates,
            factors: &mut self.factors,
            generator: &mut self.generator,
            inferred: &mut self.inferred,
            initial: &mut self.initial,
            ..Results::default()
        }
    }

    /// Converts log-rates per step of `dt` seconds to rates per second, unless they are means of
    /// Gaussian observations.
    pub(super) fn exponentiate_rates(&mut self, sizes: Sizes, dt: f64) {
        if !sizes.gaussian {
            let per_second = T::of(1.0 / dt);
            let chunks = self.rates.par_chunks_mut(CHUNK);
            chunks.for_each(|rates| exp_in_place(rates, per_second));
        }
    }
}

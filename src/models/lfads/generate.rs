//! Generation of trials from the priors of the initial condition and the inputs.

use super::Model;
use super::trajectories::Trajectories;
use crate::ops::Lanes;
use crate::ops::lfads::{Operation, Results};
use crate::random::Key;

impl<T: Lanes> Model<T> {
    /// Trials of `time` time steps, generated from the priors of the initial condition and the
    /// inputs.
    pub fn generate(&self, trials: usize, time: usize, key: &Key) -> Trajectories<T> {
        let initial = self.sample_initial_conditions(trials, &key.split_nth(0, 2));
        let inferred = self.sample_inferred_inputs(trials, time, &key.split_nth(1, 2));
        let mut trajectories = Trajectories::default();
        let sizes = self.sizes_for(trials, time);
        trajectories.resize(sizes);
        let results = Results {
            inferred: &mut [],
            initial: &mut [],
            ..trajectories.results()
        };
        let latents = [&initial[..], &inferred];
        Operation::default().generate(sizes, &self.params.data, latents, results);
        trajectories.exponentiate_rates(sizes, self.dt);
        Trajectories {
            inferred,
            initial,
            ..trajectories
        }
    }

    /// Initial conditions [n, g], drawn from their prior.
    fn sample_initial_conditions(&self, trials: usize, key: &Key) -> Vec<T> {
        let (means, logvars) = (
            self.param_values("initial_prior_mean"),
            self.param_values("initial_prior_logvar"),
        );
        let mut initial: Vec<T> = normals(key, trials * self.sizes.generator);
        for row in initial.chunks_exact_mut(self.sizes.generator) {
            for ((x, mean), logvar) in row.iter_mut().zip(&means).zip(&logvars) {
                let std = (logvar.exp() + self.var_min).sqrt();
                *x = T::of(mean + std * x.double());
            }
        }
        initial
    }

    /// Inferred inputs [n, t, u], drawn from their autoregressive prior.
    fn sample_inferred_inputs(&self, trials: usize, time: usize, key: &Key) -> Vec<T> {
        let u = self.sizes.inferred;
        let mut inferred: Vec<T> = normals(key, trials * time * u);
        let (means, logtaus) = (
            self.param_values("inferred_prior_mean"),
            self.param_values("inferred_prior_logtau"),
        );
        let logvars = self.param_values("inferred_prior_logvar");
        for j in 0..u {
            let phi = (-(-logtaus[j]).exp()).exp();
            let std = (0.5 * (logvars[j] + self.var_min)).exp();
            for trial in 0..trials {
                let mut previous = None;
                for t in 0..time {
                    let x = &mut inferred[(trial * time + t) * u + j];
                    let noise = std * x.double();
                    let next = match previous {
                        None => means[j] + noise / (1.0 - phi * phi).sqrt(),
                        Some(previous) => means[j] + phi * previous + noise,
                    };
                    *x = T::of(next);
                    previous = Some(next);
                }
            }
        }
        inferred
    }

    /// The values of a parameter block; none if the model does not have it.
    fn param_values(&self, name: &str) -> Vec<f64> {
        let block = self.params.block(name).unwrap_or_default();
        block.iter().map(|x| x.double()).collect()
    }
}

/// `count` values drawn from N(0, 1).
fn normals<T: Lanes>(key: &Key, count: usize) -> Vec<T> {
    let mut values = vec![T::of(0.0); count];
    key.fill_normal(&mut values);
    values
}

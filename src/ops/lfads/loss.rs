//! The terms of the loss and their gradients with respect to log-rates, posteriors and priors.

use std::f64::consts::TAU;

use pulp::Simd;

use super::Losses;
use super::forward::ln_variance;
use super::layout::{GradLayout, ParamLayout};
use super::slice::{Slice, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::elementwise::{each_2_0, each_4_2};
use crate::ops::simd::lanes::{FeatureSlice, clear_unused, load};
use crate::ops::simd::math::{exp, sigmoid};
use crate::ops::simd::{Lane16, TRIALS};

impl<T: Lanes> Slice<'_, T> {
    /// Adds the losses of each group of trials. Replaces the log-rates by the gradient with respect
    /// to them, stores the gradients with respect to the posteriors, and adds those with respect to
    /// the priors to `grads`.
    pub fn losses<S: Simd>(&mut self, simd: S, losses: &mut [Losses], grads: &mut [T]) {
        self.add_likelihood(simd, losses, grads);
        self.add_initial_kl(simd, losses, grads);
        if self.job.sizes.inferred > 0 {
            self.add_inferred_kl::<S>(losses, grads);
        }
    }

    fn add_likelihood<S: Simd>(&mut self, simd: S, losses: &mut [Losses], grads: &mut [T]) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let (trial_weight, inputs) = (self.job.trial_weight, &self.job.inputs);
        let observed = self.trial_rows(Some(inputs.observed), s.time * s.channels);
        let logvars = &inputs.params[ParamLayout::new(s).noise_logvar];
        let d_logvars = grads.get_mut(GradLayout::new(s).noise_logvar);
        let d_logvars = d_logvars.unwrap_or_default();
        let b = &mut *self.buffers;
        for time in 0..s.time {
            let at = FeatureSlice::at_step(g, time, s.time, s.channels);
            let x = &mut b.observed.at_mut(0)[..s.channels * g];
            load(observed.unwrap_or_default(), at, x);
            let rates = &mut b.rates.at_mut(time)[..s.channels * g];
            if s.gaussian {
                let mut each = d_logvars.iter_mut();
                let rows = rates.chunks_exact_mut(g).zip(x.chunks_exact_mut(g));
                for ((rates, x), logvar) in rows.zip(logvars) {
                    let fixed = gaussian_nll(simd, [rates, x], *logvar, trial_weight);
                    if let Some(d) = each.next() {
                        let (terms, half) = (valid_lanes(x, trials), T::of(0.5));
                        terms.for_each(|x| *d += trial_weight * (half - (x - fixed)));
                    }
                }
            } else {
                poisson_nll(simd, [rates, x], trial_weight);
            }
            clear_unused(trials, g, rates);
            add_to_losses(x, [g, trials], losses, |loss| &mut loss.nll);
        }
    }

    fn add_initial_kl<S: Simd>(&mut self, simd: S, losses: &mut [Losses], grads: &mut [T]) {
        let (s, g, trials) = (self.job.sizes, self.groups(), self.trials.len());
        let ln_var_min = self.job.ln_var_min;
        let weight = self.job.trial_weight * self.job.inputs.constants.kl_weight;
        let prior = ParamLayout::new(s).initial_prior;
        let means = &self.job.inputs.params[prior.mean];
        let logvars = &self.job.inputs.params[prior.logvar];
        let into = GradLayout::new(s).initial_prior;
        let n = s.generator * g;
        let Workspace {
            initial,
            d_initial,
            observed,
            ..
        } = &mut *self.buffers;
        let (m, v) = initial.at(0)[..2 * n].split_at(n);
        let (dm, dv) = d_initial.at_mut(0)[..2 * n].split_at_mut(n);
        for j in 0..s.generator {
            let (mean, ln_var) = (means[j], ln_variance::<S, T>(logvars[j], ln_var_min));
            let prior = GaussianPrior { mean, ln_var };
            let row = j * g..(j + 1) * g;
            let (dm, dv) = (&mut dm[row.clone()], &mut dv[row.clone()]);
            let (m, v) = (&m[row.clone()], &v[row.clone()]);
            let [parts, d_prior] = observed.first_two();
            let (parts, d_prior) = (&mut parts[row.clone()], &mut d_prior[row]);
            let targets = [&mut *dm, &mut *dv, &mut *parts, &mut *d_prior];
            prior.kl(simd, targets, [m, v], [weight, ln_var_min]);
            clear_unused(trials, g, dm);
            clear_unused(trials, g, dv);
            add_to_losses(parts, [g, trials], losses, |loss| &mut loss.kl_initial);
            if !grads.is_empty() {
                let d = &mut grads[into.mean.start + j];
                valid_lanes(dm, trials).for_each(|x| *d -= x);
                let share = sigmoid::<S, T>(logvars[j] - ln_var_min);
                let d = &mut grads[into.logvar.start + j];
                valid_lanes(d_prior, trials).for_each(|x| *d += x * share);
            }
        }
    }
}

/// The prior of one element of g_0.
struct GaussianPrior<T> {
    mean: T,
    ln_var: T,
}

impl<T: Lanes> GaussianPrior<T> {
    /// Computes the KL divergences of posteriors from this prior and their gradients.
    ///
    /// `targets`: the gradients with respect to means and log-variances, the divergences, and the
    /// gradients with respect to the logarithm of the variance of the prior.
    /// `constants`: the weight of the gradients and the logarithm of the minimum variance.
    #[inline(always)]
    fn kl<S: Simd>(
        &self,
        simd: S,
        targets: [&mut [Lane16<T>]; 4],
        posterior: [&[Lane16<T>]; 2],
        constants: [T; 2],
    ) {
        let (mean, log, [weight, ln_var_min]) = (self.mean, self.ln_var, constants);
        let (precision, half) = (exp::<S, T>(-log), T::of(0.5));
        each_4_2(
            simd,
            targets,
            posterior,
            move |[dm, dv, part, d_prior], [m, v]| {
                let q = ln_variance::<S, T>(v, ln_var_min);
                let (ratio, diff) = (exp::<S, T>(q - log), m - mean);
                let square = diff * diff * precision;
                let one = T::of(1.0);
                *part = half * (log - q + ratio + square - one);
                *dm = weight * diff * precision;
                *dv = weight * half * (ratio - one) * sigmoid::<S, T>(v - ln_var_min);
                *d_prior = weight * half * (one - ratio - square);
            },
        );
    }
}

/// Replaces log-rates by the gradients with respect to them, and counts by their contributions to
/// the loss.
#[inline(always)]
fn poisson_nll<S: Simd, T: Lanes>(
    simd: S,
    rates_and_counts: [&mut [Lane16<T>]; 2],
    trial_weight: T,
) {
    each_2_0(simd, rates_and_counts, [], move |[rate, x], []| {
        let (log, mean) = (*rate, exp::<S, T>(*rate));
        *rate = (mean - *x) * trial_weight;
        *x = mean - *x * log;
    });
}

/// Replaces means by the gradients with respect to them, and observations by their contributions
/// to the loss. Returns the part of each contribution that depends on the log-variance alone.
#[inline(always)]
fn gaussian_nll<S: Simd, T: Lanes>(
    simd: S,
    means_and_observations: [&mut [Lane16<T>]; 2],
    logvar: T,
    trial_weight: T,
) -> T {
    let (v, precision) = (logvar, exp::<S, T>(-logvar));
    let half = T::of(0.5);
    let fixed = half * (T::of(TAU.ln()) + v);
    each_2_0(simd, means_and_observations, [], move |[mean, x], []| {
        let diff = *mean - *x;
        *mean = diff * precision * trial_weight;
        *x = fixed + half * diff * diff * precision;
    });
    fixed
}

/// The values of the trials, without unused lanes.
fn valid_lanes<T: Lanes>(lanes: &[Lane16<T>], trials: usize) -> impl Iterator<Item = T> {
    lanes.iter().flat_map(|lane| lane.0).take(trials)
}

/// Adds the values of each of `groups` groups to its loss, without unused lanes.
fn add_to_losses<T: Lanes>(
    lanes: &[Lane16<T>],
    [groups, trials]: [usize; 2],
    losses: &mut [Losses],
    field: impl Fn(&mut Losses) -> &mut f64,
) {
    for (group, loss) in losses.iter_mut().enumerate() {
        let lane_count = trials.saturating_sub(group * TRIALS).min(TRIALS);
        let mut totals = [0.0; TRIALS];
        for lane in lanes.iter().skip(group).step_by(groups) {
            for (sum, x) in totals.iter_mut().zip(lane.0) {
                *sum += x.double();
            }
        }
        *field(loss) += totals[..lane_count].iter().sum::<f64>();
    }
}

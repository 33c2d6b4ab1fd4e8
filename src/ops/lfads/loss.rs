//! The terms of the loss and their gradients with respect to log-rates, posteriors and priors.

use std::f64::consts::TAU;

use pulp::Simd;

use super::Losses;
use super::forward::{ln_variance, std_dev};
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
                    let (v, precision) = (*logvar, exp::<S, T>(-*logvar));
                    let half = T::of(0.5);
                    let fixed = half * (T::of(TAU.ln()) + v);
                    each_2_0(simd, [rates, x], [], move |[mean, x], []| {
                        let diff = *mean - *x;
                        *mean = diff * precision * trial_weight;
                        *x = fixed + half * diff * diff * precision;
                    });
                    if let Some(d) = each.next() {
                        let terms = valid_lanes(x, trials);
                        terms.for_each(|x| *d += trial_weight * (half - (x - fixed)));
                    }
                }
            } else {
                each_2_0(simd, [rates, x], [], move |[rate, x], []| {
                    let (log, mean) = (*rate, exp::<S, T>(*rate));
                    *rate = (mean - *x) * trial_weight;
                    *x = mean - *x * log;
                });
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
        let half = T::of(0.5);
        for j in 0..s.generator {
            let (mean, log) = (means[j], ln_variance::<S, T>(logvars[j], ln_var_min));
            let precision = exp::<S, T>(-log);
            let row = j * g..(j + 1) * g;
            let (dm, dv) = (&mut dm[row.clone()], &mut dv[row.clone()]);
            let (m, v) = (&m[row.clone()], &v[row.clone()]);
            let [parts, d_prior] = observed.first_two();
            let (parts, d_prior) = (&mut parts[row.clone()], &mut d_prior[row]);
            each_4_2(
                simd,
                [dm, dv, parts, d_prior],
                [m, v],
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

    /// Adds the KL divergence of u, estimated as log q(z) - log p(z) at a second sample z of u.
    fn add_inferred_kl<S: Simd>(&mut self, losses: &mut [Losses], grads: &mut [T]) {
        let (s, g) = (self.job.sizes, self.groups());
        let weight = self.job.trial_weight * self.job.inputs.constants.kl_weight;
        let into = GradLayout::new(s).inferred_prior;
        for j in 0..s.inferred {
            let prior = ArPrior::new(self, j);
            let zero = T::of(0.0);
            let mut d = ArPriorGrad {
                mean: zero,
                phi: zero,
                logvar: zero,
                logvar_first: zero,
            };
            for group in 0..g {
                let loss = self.accumulate_path::<S>(&prior, [j, group], weight, &mut d);
                if let Some(all) = losses.get_mut(group) {
                    all.kl_inferred += loss;
                }
            }
            if !grads.is_empty() {
                let [mean, logtau, logvar] = prior.to_param_grads(&d);
                grads[into.mean.start + j] += mean;
                grads[into.logtau.start + j] += logtau;
                grads[into.logvar.start + j] += logvar;
            }
        }
    }

    /// Evaluates one inferred input of one group of trials at all time steps. Stores its gradient
    /// with respect to the posterior, and returns its contribution to the loss.
    fn accumulate_path<S: Simd>(
        &mut self,
        prior: &ArPrior<T>,
        [j, group]: [usize; 2],
        weight: T,
        d: &mut ArPriorGrad<T>,
    ) -> f64 {
        let (s, g, ln_var_min) = (self.job.sizes, self.groups(), self.job.ln_var_min);
        let trials = self.trials.len().saturating_sub(group * TRIALS);
        let trials = trials.min(TRIALS);
        let (mean_at, var_at) = (j * g + group, (s.inferred + j) * g + group);
        let Workspace {
            inferred,
            d_inferred,
            normals,
            ..
        } = &mut *self.buffers;
        let (zero, half) = (T::of(0.0), T::of(0.5));
        let (mut z_before, mut dz_dv_before) = ([zero; TRIALS], [zero; TRIALS]);
        let mut loss = 0.0;
        for time in 0..s.time {
            let (posterior, eps) = (inferred.at(time), normals.at(time)[var_at].0);
            let (m, v) = (posterior[mean_at].0, posterior[var_at].0);
            let (mut dm, mut dv) = ([zero; TRIALS], [zero; TRIALS]);
            let (mut last_dm, mut last_dv) = ([zero; TRIALS], [zero; TRIALS]);
            let first = time == 0;
            let logvar = if first {
                prior.logvar_first
            } else {
                prior.logvar
            };
            let precision = exp::<S, T>(-logvar);
            let phi = if first { zero } else { prior.phi };
            for k in 0..trials {
                let sd = std_dev::<S, T>(v[k], ln_var_min);
                let z = m[k] + sd * eps[k];
                let diff = z - prior.mean - phi * z_before[k];
                let scaled_diff = diff * precision;
                let part = half * (logvar - v[k] - eps[k] * eps[k] + diff * scaled_diff);
                loss += part.double();
                let dz = weight * scaled_diff;
                let dz_dv = half * eps[k] * sd * sigmoid::<S, T>(v[k] - ln_var_min);
                dm[k] = dz;
                dv[k] = dz * dz_dv - half * weight;
                last_dm[k] = -(phi * dz);
                last_dv[k] = -(phi * dz * dz_dv_before[k]);
                d.mean -= dz;
                d.phi -= dz * z_before[k];
                let d_logvar = half * weight * (T::of(1.0) - diff * scaled_diff);
                *(if first {
                    &mut d.logvar_first
                } else {
                    &mut d.logvar
                }) += d_logvar;
                (z_before[k], dz_dv_before[k]) = (z, dz_dv);
            }
            let row = d_inferred.at_mut(time);
            (row[mean_at], row[var_at]) = (Lane16(dm), Lane16(dv));
            if let Some(last) = time.checked_sub(1) {
                let row = d_inferred.at_mut(last);
                for k in 0..trials {
                    row[mean_at].0[k] += last_dm[k];
                    row[var_at].0[k] += last_dv[k];
                }
            }
        }
        loss
    }
}

/// The prior of one inferred input, z_t = mean + phi z_(t-1) + noise.
struct ArPrior<T> {
    mean: T,
    logtau: T,
    phi: T,
    /// Log-variance of the noise.
    logvar: T,
    /// Log-variance of the stationary process, from which the first z is drawn.
    logvar_first: T,
}

/// Gradients with respect to the values of an [`ArPrior`].
struct ArPriorGrad<T> {
    mean: T,
    phi: T,
    logvar: T,
    logvar_first: T,
}

impl<T: Lanes> ArPrior<T> {
    fn new(slice: &Slice<'_, T>, j: usize) -> ArPrior<T> {
        let inputs = &slice.job.inputs;
        let layout = ParamLayout::new(slice.job.sizes).inferred_prior;
        let logtau = inputs.params[layout.logtau.start + j];
        // The tutorial adds the minimum variance to the log-variance here.
        let logvar = inputs.params[layout.logvar.start + j] + inputs.constants.var_min;
        let phi = (-(-logtau.double()).exp()).exp();
        ArPrior {
            mean: inputs.params[layout.mean.start + j],
            logtau,
            phi: T::of(phi),
            logvar,
            logvar_first: logvar - T::of((1.0 - phi).ln() + (1.0 + phi).ln()),
        }
    }

    /// The gradients with respect to mean, logtau and logvar.
    fn to_param_grads(&self, d: &ArPriorGrad<T>) -> [T; 3] {
        let phi = self.phi.double();
        let d_phi = d.phi.double() + d.logvar_first.double() * 2.0 * phi / (1.0 - phi * phi);
        let d_logtau = d_phi * phi * (-self.logtau.double()).exp();
        [d.mean, T::of(d_logtau), d.logvar + d.logvar_first]
    }
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

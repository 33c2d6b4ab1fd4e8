//! The parts of the loss, with their derivatives by log-rates and posteriors.

use std::f64::consts::TAU;

use pulp::Simd;

use super::Losses;
use super::forward::{deviation, with_min};
use super::places::{Places, SumPlaces};
use super::spread::{Pass, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::each::{each_2_0, each_4_2};
use crate::ops::simd::functions::{exp, sigmoid};
use crate::ops::simd::trials::{At, clear, load};
use crate::ops::simd::{Cell, TRIALS};

impl<T: Lanes> Pass<'_, T> {
    /// Adds the losses of each group of trials. Leaves the derivatives by the log-rates in place of
    /// these, those by the posteriors beside them, and adds those by the priors to the sums.
    pub fn losses<S: Simd>(&mut self, simd: S, losses: &mut [Losses], sums: &mut [T]) {
        self.likelihood(simd, losses, sums);
        self.initial_divergence(simd, losses, sums);
        if self.task.sizes.inferred > 0 {
            self.inferred_divergence::<S>(losses, sums);
        }
    }

    fn likelihood<S: Simd>(&mut self, simd: S, losses: &mut [Losses], sums: &mut [T]) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let (slope, given) = (self.task.slope, &self.task.given);
        let observed = self.part(Some(given.observed), s.time * s.channels);
        let logvars = &given.params[Places::of(s).noise_logvar];
        let d_logvars = sums.get_mut(SumPlaces::of(s).noise_logvar);
        let d_logvars = d_logvars.unwrap_or_default();
        let b = &mut *self.buffers;
        for time in 0..s.time {
            let at = At::time(g, time, s.time, s.channels);
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
                        let away = *mean - *x;
                        *mean = away * precision * slope;
                        *x = fixed + half * away * away * precision;
                    });
                    if let Some(d) = each.next() {
                        let terms = valid(x, trials);
                        terms.for_each(|x| *d += slope * (half - (x - fixed)));
                    }
                }
            } else {
                each_2_0(simd, [rates, x], [], move |[rate, x], []| {
                    let (log, mean) = (*rate, exp::<S, T>(*rate));
                    *rate = (mean - *x) * slope;
                    *x = mean - *x * log;
                });
            }
            clear(trials, g, rates);
            add_lanes(x, [g, trials], losses, |loss| &mut loss.nll);
        }
    }

    fn initial_divergence<S: Simd>(&mut self, simd: S, losses: &mut [Losses], sums: &mut [T]) {
        let (s, g, trials) = (self.task.sizes, self.groups(), self.trials.len());
        let ln_min = self.task.ln_min;
        let weight = self.task.slope * self.task.given.constants.kl_scale;
        let prior = Places::of(s).initial_prior;
        let means = &self.task.given.params[prior.mean];
        let logvars = &self.task.given.params[prior.logvar];
        let into = SumPlaces::of(s).initial_prior;
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
            let (mean, log) = (means[j], with_min::<S, T>(logvars[j], ln_min));
            let precision = exp::<S, T>(-log);
            let row = j * g..(j + 1) * g;
            let (dm, dv) = (&mut dm[row.clone()], &mut dv[row.clone()]);
            let (m, v) = (&m[row.clone()], &v[row.clone()]);
            let [parts, by_prior] = observed.two();
            let (parts, by_prior) = (&mut parts[row.clone()], &mut by_prior[row]);
            each_4_2(
                simd,
                [dm, dv, parts, by_prior],
                [m, v],
                move |[dm, dv, part, by_prior], [m, v]| {
                    let q = with_min::<S, T>(v, ln_min);
                    let (ratio, away) = (exp::<S, T>(q - log), m - mean);
                    let square = away * away * precision;
                    let one = T::of(1.0);
                    *part = half * (log - q + ratio + square - one);
                    *dm = weight * away * precision;
                    *dv = weight * half * (ratio - one) * sigmoid::<S, T>(v - ln_min);
                    *by_prior = weight * half * (one - ratio - square);
                },
            );
            clear(trials, g, dm);
            clear(trials, g, dv);
            add_lanes(parts, [g, trials], losses, |loss| &mut loss.initial);
            if !sums.is_empty() {
                let d = &mut sums[into.mean.start + j];
                valid(dm, trials).for_each(|x| *d -= x);
                let share = sigmoid::<S, T>(logvars[j] - ln_min);
                let d = &mut sums[into.logvar.start + j];
                valid(by_prior, trials).for_each(|x| *d += x * share);
            }
        }
    }

    /// At a second sample z of u: log q(z) - log p(z).
    fn inferred_divergence<S: Simd>(&mut self, losses: &mut [Losses], sums: &mut [T]) {
        let (s, g) = (self.task.sizes, self.groups());
        let weight = self.task.slope * self.task.given.constants.kl_scale;
        let into = SumPlaces::of(s).inferred_prior;
        for j in 0..s.inferred {
            let prior = Process::of(self, j);
            let zero = T::of(0.0);
            let mut d = Derivatives {
                mean: zero,
                phi: zero,
                log: zero,
                first_log: zero,
            };
            for group in 0..g {
                let loss = self.course::<S>(&prior, [j, group], weight, &mut d);
                if let Some(all) = losses.get_mut(group) {
                    all.inferred += loss;
                }
            }
            if !sums.is_empty() {
                let [mean, logtau, logvar] = prior.parameters(&d);
                sums[into.mean.start + j] += mean;
                sums[into.logtau.start + j] += logtau;
                sums[into.logvar.start + j] += logvar;
            }
        }
    }

    /// One inferred input of one group of trials over all times. Fills its part of the derivatives
    /// by the posteriors; gives its part of the loss.
    fn course<S: Simd>(
        &mut self,
        prior: &Process<T>,
        [j, group]: [usize; 2],
        weight: T,
        d: &mut Derivatives<T>,
    ) -> f64 {
        let (s, g, ln_min) = (self.task.sizes, self.groups(), self.task.ln_min);
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
        let (mut before, mut slopes) = ([zero; TRIALS], [zero; TRIALS]);
        let mut loss = 0.0;
        for time in 0..s.time {
            let (posterior, eps) = (inferred.at(time), normals.at(time)[var_at].0);
            let (m, v) = (posterior[mean_at].0, posterior[var_at].0);
            let (mut dm, mut dv) = ([zero; TRIALS], [zero; TRIALS]);
            let (mut last_dm, mut last_dv) = ([zero; TRIALS], [zero; TRIALS]);
            let first = time == 0;
            let log = if first { prior.first_log } else { prior.log };
            let precision = exp::<S, T>(-log);
            let phi = if first { zero } else { prior.phi };
            for k in 0..trials {
                let spread = deviation::<S, T>(v[k], ln_min);
                let z = m[k] + spread * eps[k];
                let away = z - prior.mean - phi * before[k];
                let pull = away * precision;
                let part = half * (log - v[k] - eps[k] * eps[k] + away * pull);
                loss += part.double();
                let dz = weight * pull;
                let slope = half * eps[k] * spread * sigmoid::<S, T>(v[k] - ln_min);
                dm[k] = dz;
                dv[k] = dz * slope - half * weight;
                last_dm[k] = -(phi * dz);
                last_dv[k] = -(phi * dz * slopes[k]);
                d.mean -= dz;
                d.phi -= dz * before[k];
                let by_log = half * weight * (T::of(1.0) - away * pull);
                *(if first { &mut d.first_log } else { &mut d.log }) += by_log;
                (before[k], slopes[k]) = (z, slope);
            }
            let row = d_inferred.at_mut(time);
            (row[mean_at], row[var_at]) = (Cell(dm), Cell(dv));
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
struct Process<T> {
    mean: T,
    logtau: T,
    phi: T,
    /// Log-variance of the noise, and of the process, from which the first z is.
    log: T,
    first_log: T,
}

/// Derivatives by the numbers of a [`Process`].
struct Derivatives<T> {
    mean: T,
    phi: T,
    log: T,
    first_log: T,
}

impl<T: Lanes> Process<T> {
    fn of(pass: &Pass<'_, T>, j: usize) -> Process<T> {
        let given = &pass.task.given;
        let places = Places::of(pass.task.sizes).inferred_prior;
        let logtau = given.params[places.logtau.start + j];
        // As the tutorial has it, the least variance is added to the logarithm here.
        let log = given.params[places.logvar.start + j] + given.constants.var_min;
        let phi = (-(-logtau.double()).exp()).exp();
        Process {
            mean: given.params[places.mean.start + j],
            logtau,
            phi: T::of(phi),
            log,
            first_log: log - T::of((1.0 - phi).ln() + (1.0 + phi).ln()),
        }
    }

    /// The derivatives by mean, logtau and logvar.
    fn parameters(&self, d: &Derivatives<T>) -> [T; 3] {
        let phi = self.phi.double();
        let by_phi = d.phi.double() + d.first_log.double() * 2.0 * phi / (1.0 - phi * phi);
        let by_logtau = by_phi * phi * (-self.logtau.double()).exp();
        [d.mean, T::of(by_logtau), d.log + d.first_log]
    }
}

/// The numbers of the trials that there are.
fn valid<T: Lanes>(cells: &[Cell<T>], trials: usize) -> impl Iterator<Item = T> {
    cells.iter().flat_map(|cell| cell.0).take(trials)
}

/// Adds the cells of each of `groups` groups to its loss, as far as there are trials.
fn add_lanes<T: Lanes>(
    cells: &[Cell<T>],
    [groups, trials]: [usize; 2],
    losses: &mut [Losses],
    of: impl Fn(&mut Losses) -> &mut f64,
) {
    for (group, loss) in losses.iter_mut().enumerate() {
        let lanes = trials.saturating_sub(group * TRIALS).min(TRIALS);
        let mut sums = [0.0; TRIALS];
        for cell in cells.iter().skip(group).step_by(groups) {
            for (sum, x) in sums.iter_mut().zip(cell.0) {
                *sum += x.double();
            }
        }
        *of(loss) += sums[..lanes].iter().sum::<f64>();
    }
}

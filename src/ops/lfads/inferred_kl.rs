//! The KL divergence of the inferred inputs from their autoregressive prior, and its gradients.

use pulp::Simd;

use super::Losses;
use super::forward::std_dev;
use super::layout::{GradLayout, ParamLayout};
use super::slice::{Slice, Workspace};
use crate::ops::Lanes;
use crate::ops::simd::math::{exp, sigmoid};
use crate::ops::simd::{Lane16, TRIALS};

impl<T: Lanes> Slice<'_, T> {
    /// Adds the KL divergence of u, estimated as log q(z) - log p(z) at a second sample z of u.
    pub fn add_inferred_kl<S: Simd>(&mut self, losses: &mut [Losses], grads: &mut [T]) {
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
        let constants = [weight, ln_var_min];
        let Workspace {
            inferred,
            d_inferred,
            normals,
            ..
        } = &mut *self.buffers;
        let mut path = Path {
            z: [T::of(0.0); TRIALS],
            dz_dv: [T::of(0.0); TRIALS],
            loss: 0.0,
        };
        for time in 0..s.time {
            let (posterior, eps) = (inferred.at(time), normals.at(time)[var_at].0);
            let posterior = [posterior[mean_at].0, posterior[var_at].0, eps];
            let step = prior.step::<S>(time == 0);
            let grads = path.advance::<S>(&step, posterior, (trials, constants), d);
            let row = d_inferred.at_mut(time);
            (row[mean_at], row[var_at]) = (Lane16(grads.dm), Lane16(grads.dv));
            if let Some(last) = time.checked_sub(1) {
                let row = d_inferred.at_mut(last);
                for k in 0..trials {
                    row[mean_at].0[k] += grads.last_dm[k];
                    row[var_at].0[k] += grads.last_dv[k];
                }
            }
        }
        path.loss
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

/// The prior of z at one time step, given z at the previous one.
struct ArStep<T> {
    /// Whether this is the first time step, which has no previous one.
    is_first: bool,
    mean: T,
    phi: T,
    logvar: T,
    precision: T,
}

/// Samples of one inferred input of one group of trials, up to a time step.
struct Path<T> {
    /// z at the last time step.
    z: [T; TRIALS],
    /// Derivative of this z with respect to the log-variance of its posterior.
    dz_dv: [T; TRIALS],
    /// Sum of log q(z) - log p(z).
    loss: f64,
}

/// Gradients of the loss of one time step with respect to mean and log-variance of the posterior at
/// this and at the previous time step.
struct PathGrads<T> {
    dm: [T; TRIALS],
    dv: [T; TRIALS],
    last_dm: [T; TRIALS],
    last_dv: [T; TRIALS],
}

impl<T: Lanes> Path<T> {
    /// Advances by one time step with the means, log-variances and normals of its samples, and adds
    /// the gradients with respect to the prior to `d`.
    ///
    /// `constants`: the weight of the loss and the logarithm of the minimum variance.
    #[inline(always)]
    fn advance<S: Simd>(
        &mut self,
        step: &ArStep<T>,
        [m, v, eps]: [[T; TRIALS]; 3],
        (trials, constants): (usize, [T; 2]),
        d: &mut ArPriorGrad<T>,
    ) -> PathGrads<T> {
        let ([weight, ln_var_min], half) = (constants, T::of(0.5));
        let mut grads = PathGrads::zeros();
        for k in 0..trials {
            let sd = std_dev::<S, T>(v[k], ln_var_min);
            let z = m[k] + sd * eps[k];
            let diff = z - step.mean - step.phi * self.z[k];
            let scaled_diff = diff * step.precision;
            let part = half * (step.logvar - v[k] - eps[k] * eps[k] + diff * scaled_diff);
            self.loss += part.double();
            let dz = weight * scaled_diff;
            let dz_dv = half * eps[k] * sd * sigmoid::<S, T>(v[k] - ln_var_min);
            grads.dm[k] = dz;
            grads.dv[k] = dz * dz_dv - half * weight;
            grads.last_dm[k] = -(step.phi * dz);
            grads.last_dv[k] = -(step.phi * dz * self.dz_dv[k]);
            d.mean -= dz;
            d.phi -= dz * self.z[k];
            let d_logvar = half * weight * (T::of(1.0) - diff * scaled_diff);
            *(if step.is_first {
                &mut d.logvar_first
            } else {
                &mut d.logvar
            }) += d_logvar;
            (self.z[k], self.dz_dv[k]) = (z, dz_dv);
        }
        grads
    }
}

impl<T: Lanes> PathGrads<T> {
    #[inline(always)]
    fn zeros() -> PathGrads<T> {
        let zero = [T::of(0.0); TRIALS];
        PathGrads {
            dm: zero,
            dv: zero,
            last_dm: zero,
            last_dv: zero,
        }
    }
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

    /// The prior at the first or at a later time step.
    #[inline(always)]
    fn step<S: Simd>(&self, is_first: bool) -> ArStep<T> {
        let logvar = if is_first {
            self.logvar_first
        } else {
            self.logvar
        };
        ArStep {
            is_first,
            mean: self.mean,
            phi: if is_first { T::of(0.0) } else { self.phi },
            logvar,
            precision: exp::<S, T>(-logvar),
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

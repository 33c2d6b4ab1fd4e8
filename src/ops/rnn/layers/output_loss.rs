//! The loss of the outputs of a slice, and its gradient with respect to them.

use super::slice::Slice;
use crate::ops::rnn::cell::CellKernel;
use crate::ops::rnn::loss::Loss;
use crate::ops::rnn::targets::Targets;
use crate::ops::simd::{Lane16, Lanes, TRIALS, flat_mut};

/// The outputs of the trials of a slice at one time step, in lanes.
struct Step<'a, T> {
    time: usize,
    /// Number of time steps.
    times: usize,
    /// Number of outputs.
    features: usize,
    /// Number of trials; the last group may be incomplete.
    trials: usize,
    /// Number of groups of trials.
    groups: usize,
    /// The targets and the mask of the trials of the slice.
    targets: Targets<'a, T>,
    /// Scale factor that converts a derivative to a gradient of the loss.
    grad_scale: T,
}

impl<T: Lanes, K: CellKernel<T>> Slice<'_, T, K> {
    /// Computes the sum of the losses of each trial group; replaces the outputs by the gradient of
    /// the loss with respect to them.
    pub(super) fn compute_losses(&mut self, losses: &mut [f64]) {
        let s = self.job.sizes;
        let Some(targets) = self.job.targets else {
            return;
        };
        let values = self.select(Some(targets.values), s.time * s.outputs);
        let values = values.unwrap_or_default();
        let mask = self.select(targets.mask, s.time);
        let top = s.sublayers() - s.directions;
        let m = self.frame_layout(top);
        let mut step = Step {
            time: 0,
            times: s.time,
            features: s.outputs,
            trials: self.trials.len(),
            groups: m.dims.groups,
            targets: Targets {
                values,
                mask,
                ..targets
            },
            grad_scale: self.job.grad_scale,
        };
        losses.fill(0.0);
        let frames = self.buffers.sublayers[top]
            .gates
            .chunks_exact_mut(m.gate_stride);
        for (time, frame) in frames.skip(1).take(s.time).enumerate() {
            step.time = time;
            let outputs = &mut frame[..m.dims.outputs];
            match targets.loss {
                Loss::CrossEntropy => step.softmax(outputs, losses),
                Loss::Mse => step.pointwise(Loss::Mse, outputs, losses),
                loss => step.pointwise(loss, outputs, losses),
            }
        }
    }
}

impl<T: Lanes> Step<'_, T> {
    /// The index of a trial and time step in the mask.
    fn row(&self, trial: usize) -> usize {
        trial * self.times + self.time
    }

    fn weight(&self, trial: usize) -> T {
        let mask = self.targets.mask;
        mask.map_or(T::of(1.0), |mask| mask[self.row(trial)])
    }

    /// A loss that is a sum over the outputs. Inlined for each constant `loss`.
    #[inline(always)]
    fn pointwise(&self, loss: Loss, outputs: &mut [Lane16<T>], losses: &mut [f64]) {
        for (k, lane) in outputs.iter_mut().enumerate() {
            let (j, group) = (k / self.groups, k % self.groups);
            let first = group * TRIALS;
            let trials = self.trials.saturating_sub(first).min(TRIALS);
            for (b, x) in lane.0[..trials].iter_mut().enumerate() {
                let weight = self.weight(first + b);
                if weight == T::of(0.0) {
                    *x = T::of(0.0);
                    continue;
                }
                let target = self.targets.values[self.row(first + b) * self.features + j];
                let (value, derivative) = loss.pointwise(*x, target);
                losses[group] += weight.double() * value;
                *x = self.grad_scale * weight * derivative;
            }
            lane.0[trials..].fill(T::of(0.0));
        }
    }

    /// The cross-entropy, which combines all outputs of a trial.
    fn softmax(&self, outputs: &mut [Lane16<T>], losses: &mut [f64]) {
        let outputs = flat_mut(outputs);
        let stride = self.groups * TRIALS;
        for trial in 0..stride {
            let weight = match trial < self.trials {
                true => self.weight(trial),
                false => T::of(0.0),
            };
            let outputs = &mut outputs[trial..];
            let mut factor = T::of(0.0);
            if weight != T::of(0.0) {
                let targets = &self.targets.values[self.row(trial) * self.features..];
                let targets = &targets[..self.features];
                let loss = Loss::softmax(targets, outputs, stride);
                losses[trial / TRIALS] += weight.double() * loss;
                factor = self.grad_scale * weight;
            }
            for x in outputs.iter_mut().step_by(stride) {
                *x = if factor == T::of(0.0) {
                    factor
                } else {
                    factor * *x
                };
            }
        }
    }
}

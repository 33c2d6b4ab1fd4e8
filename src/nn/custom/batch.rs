//! A batch of trials, split into time steps: the forward pass, and the loss of its outputs.

use super::time_steps::split_steps;
use super::{Custom, ParamMap};
use crate::base::Result;
use crate::ops::rnn::{Inputs, Targets};
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor};
use crate::train::Trials;

/// A batch of trials, split into time steps.
pub(super) struct Batch<'a, T: Real> {
    pub net: &'a Custom<T>,
    pub trials: &'a Trials<T>,
    /// The inputs [b, i] at each time step.
    pub inputs: Vec<Tensor>,
    noise: Option<Vec<Tensor>>,
    /// The weight of one squared error in the mean.
    weight: f64,
}

impl<'a, T: Real> Batch<'a, T> {
    /// Errors: `Shape` if the trials do not match the network; `Range` if the mask excludes all
    /// time steps
    pub fn new(net: &'a Custom<T>, trials: &'a Trials<T>, key: Option<&Key>) -> Result<Self> {
        let inputs = Inputs {
            lengths: trials.lengths.as_deref(),
            ..Inputs::new(&*net.params.data, &*trials.inputs)
        };
        let targets = Targets {
            values: &trials.targets,
            mask: trials.mask.as_deref(),
        };
        let [b, t] = [trials.trials, trials.time];
        let shapes = net.shapes([b, t]);
        shapes.check_inputs(&inputs)?;
        let weight = shapes.check_targets(&targets)?.double();
        let inputs = Tensor::from_slice(&trials.inputs, (b, t, net.inputs), &Device::Cpu)?;
        let noise = net.sample_noise([b, t], key)?;
        Ok(Batch {
            net,
            trials,
            inputs: split_steps(&inputs)?,
            noise: noise.as_ref().map(split_steps).transpose()?,
            weight,
        })
    }

    /// A mask [b, n] that is 1 for trials that have not ended before the time step; `None` if none
    /// has.
    pub fn active_mask(&self, time: usize) -> Result<Option<Tensor>> {
        let active = self.net.active_mask(self.trials.lengths.as_deref(), time)?;
        let shape = (self.trials.trials, self.net.units);
        let active = active.map(|active| active.broadcast_as(shape));
        Ok(active.transpose()?)
    }

    /// The states before the first input and after each input.
    pub fn states(&self, params: &ParamMap) -> Result<Vec<Tensor>> {
        let mut states = vec![self.net.initial_states(self.trials.trials, params)?];
        for time in 0..self.trials.time {
            let h = &states[time];
            let next = self.net.advance([h, &self.inputs[time]], params)?;
            states.push(self.finish_step(h, time, next)?);
        }
        Ok(states)
    }

    /// The states after the time step, with noise and detached from the tape, from the states `h`
    /// before it and the result `next` of the user function. Trials that have ended keep their
    /// state.
    pub fn finish_step(&self, h: &Tensor, time: usize, next: Tensor) -> Result<Tensor> {
        let next = match &self.noise {
            Some(noise) => (next.detach() + &noise[time])?,
            None => next,
        };
        let next = match self.active_mask(time)? {
            Some(active) => active.where_cond(&next, h)?,
            None => next,
        };
        Ok(next.detach().contiguous()?)
    }

    /// The mean of the squared errors, weighted by the mask, and its gradient with respect to the
    /// outputs.
    ///
    /// Shapes: outputs [b, t, o] -> gradient [b, t, o]
    pub fn loss(&self, outputs: &[T]) -> (f64, Vec<T>) {
        let o = self.net.outputs;
        let mut gradient = vec![T::of(0.0); outputs.len()];
        let mut sum = 0.0;
        let mask = self.trials.mask.as_deref();
        let targets = self.trials.targets.chunks_exact(o);
        let rows = outputs.chunks_exact(o).zip(targets);
        for (at, ((row, targets), gradient)) in rows.zip(gradient.chunks_exact_mut(o)).enumerate() {
            let weight = mask.map_or(1.0, |mask| mask[at].double());
            if weight == 0.0 {
                continue;
            }
            for ((output, target), gradient) in row.iter().zip(targets).zip(gradient) {
                let error = output.double() - target.double();
                sum += weight * error * error;
                *gradient = T::of(2.0 * self.weight * weight * error);
            }
        }
        (sum * self.weight, gradient)
    }
}

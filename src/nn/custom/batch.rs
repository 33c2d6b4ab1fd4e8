//! A batch of trials, split into time steps: the forward pass, and the loss of its outputs.

use super::time_steps::split_steps;
use super::{Custom, ParamMap};
use crate::base::Result;
use crate::nn::objective::{ActivityValues, Objective};
use crate::ops::rnn::Inputs;
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, convert};
use crate::train::Trials;

/// A batch of trials, split into time steps.
pub(super) struct Batch<'a, T: Real> {
    pub net: &'a Custom<T>,
    pub trials: &'a Trials<T>,
    /// The inputs [b, i] at each time step.
    pub inputs: Vec<Tensor>,
    noise: Option<Vec<Tensor>>,
    objective: &'a Objective,
}

impl<'a, T: Real> Batch<'a, T> {
    /// Errors: `Shape` if the inputs do not match the network
    pub fn new(
        net: &'a Custom<T>,
        (trials, key): (&'a Trials<T>, Option<&Key>),
        objective: &'a Objective,
    ) -> Result<Self> {
        let inputs = Inputs {
            lengths: trials.lengths.as_deref(),
            ..Inputs::new(&*net.params.data, &*trials.inputs)
        };
        let [b, t] = [trials.trials, trials.time];
        net.shapes([b, t]).check_inputs(&inputs)?;
        let inputs = Tensor::from_slice(&trials.inputs, (b, t, net.inputs), &Device::Cpu)?;
        let noise = net.sample_noise([b, t], key)?;
        Ok(Batch {
            net,
            trials,
            inputs: split_steps(&inputs)?,
            noise: noise.as_ref().map(split_steps).transpose()?,
            objective,
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

    /// The loss of the outputs, and its gradient with respect to them.
    ///
    /// Shapes: outputs [b, t, o] -> gradient [b, t, o]
    pub fn loss(&self, mut outputs: Vec<T>) -> Result<(f64, Vec<T>)> {
        let shapes = self.net.shapes([self.trials.trials, self.trials.time]);
        let loss = self
            .objective
            .replace_by_gradient(&mut outputs, self.trials, &shapes)?;
        Ok((loss, outputs))
    }

    /// The activity penalties of the states [b, n] after each input, and their gradient with
    /// respect to the states of each time step; `None` without penalties.
    pub fn activity_penalty(&self, states: &[Tensor]) -> Result<Option<(f64, Vec<Tensor>)>> {
        if !self.objective.has_activity_penalty() {
            return Ok(None);
        }
        let (time, state) = (self.trials.time, self.net.units);
        let mut states = convert::to_vec::<T>(&Tensor::stack(states, 1)?)?;
        let all = 0..state;
        let values = ActivityValues {
            time,
            state,
            ranges: std::slice::from_ref(&all),
            nonlinearity: None,
        };
        let lengths = self.trials.lengths.as_deref();
        let penalty = self
            .objective
            .replace_by_penalty_gradient(&mut states, &values, lengths);
        let gradient = Tensor::from_vec(states, (self.trials.trials, time, state), &Device::Cpu)?;
        Ok(Some((penalty, split_steps(&gradient)?)))
    }
}

//! The loss of a batch and its gradient by backpropagation through time. The forward pass stores
//! the states; the backward pass puts one step at a time on the autograd tape. A tape over all time
//! steps would be traversed recursively and would store all intermediate values.

use candle_core::Var;
use candle_core::backprop::GradStore;

use super::time_steps::split_steps;
use super::{Custom, ParamMap, UserFn};
use crate::base::Result;
use crate::ops::rnn::{Inputs, Loss, Targets};
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, convert};
use crate::train::Trials;

/// A batch of trials, split into time steps.
struct Batch<'a, T: Real> {
    net: &'a Custom<T>,
    trials: &'a Trials<T>,
    inputs: Vec<Tensor>,
    noise: Option<Vec<Tensor>>,
    /// The weight of one squared error in the mean.
    weight: f64,
}

/// The parameters as autograd variables.
struct TrackedParams {
    vars: Vec<Var>,
    params: ParamMap,
}

impl<T: Real> Custom<T> {
    pub(super) fn batch_loss(&self, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let batch = Batch::new(self, trials, key)?;
        let params = self.param_map()?;
        let mut h = self.initial_states(trials.trials, &params)?;
        let mut sum = 0.0;
        for time in 0..trials.time {
            h = batch.step(&h, time, &params)?;
            sum += batch.errors(&self.apply_readout(&h, &params)?, time)?.0;
        }
        Ok(T::of(sum * batch.weight))
    }

    pub(super) fn batch_gradient(
        &self,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let batch = Batch::new(self, trials, key)?;
        let shapes = self.shapes([trials.trials, trials.time]);
        shapes.check_gradient(gradient)?;
        let states = batch.states()?;
        let tracked = self.track_params()?;
        let mut sums = vec![0.0; gradient.len()];
        let mut losses = vec![0.0; trials.time];
        let mut carry = states[0].zeros_like()?;
        for time in (0..trials.time).rev() {
            let (loss, cotangent) =
                batch.readout_backward(&states[time + 1], time, &tracked, &mut sums)?;
            losses[time] = loss;
            let cotangent = (carry + cotangent)?;
            carry = batch.step_backward(&states[time], time, (&cotangent, &tracked), &mut sums)?;
        }
        if let Ok(block) = self.params.layout().block("h0") {
            accumulate(&carry.sum(0)?, &mut sums[block.range.clone()])?;
        }
        for (gradient, sum) in gradient.iter_mut().zip(sums) {
            *gradient = T::of(sum);
        }
        Ok(T::of(losses.iter().sum::<f64>() * batch.weight))
    }

    fn track_params(&self) -> Result<TrackedParams> {
        let params = self.params.tensors()?;
        let vars: candle_core::Result<Vec<Var>> = params.iter().map(Var::from_tensor).collect();
        let vars = vars?;
        let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        let params = self.to_param_map(&tensors);
        Ok(TrackedParams { vars, params })
    }

    /// Adds the gradients with respect to the parameters to `sums`.
    fn accumulate_params(
        &self,
        gradients: &GradStore,
        tracked: &TrackedParams,
        sums: &mut [f64],
    ) -> Result<()> {
        for (block, var) in self.params.layout().blocks().iter().zip(&tracked.vars) {
            if let Some(gradient) = gradients.get(var) {
                accumulate(gradient, &mut sums[block.range.clone()])?;
            }
        }
        Ok(())
    }
}

impl<'a, T: Real> Batch<'a, T> {
    /// Errors: `Shape` if the trials do not match the network; `Range` if the mask excludes all
    /// time steps
    fn new(net: &'a Custom<T>, trials: &'a Trials<T>, key: Option<&Key>) -> Result<Self> {
        let mut batch = Batch {
            net,
            trials,
            inputs: Vec::new(),
            noise: None,
            weight: 0.0,
        };
        let inputs = Inputs {
            lengths: trials.lengths.as_deref(),
            ..Inputs::new(&*net.params.data, &*trials.inputs)
        };
        let targets = Targets {
            values: &trials.targets,
            mask: trials.mask.as_deref(),
            loss: Loss::Mse,
        };
        let [b, t] = [trials.trials, trials.time];
        let shapes = net.shapes([b, t]);
        shapes.check_inputs(&inputs)?;
        batch.weight = shapes.check_targets(&targets)?.double();
        let inputs = Tensor::from_slice(&trials.inputs, (b, t, net.inputs), &Device::Cpu)?;
        batch.inputs = split_steps(&inputs)?;
        let noise = net.sample_noise([b, t], key)?;
        batch.noise = noise.as_ref().map(split_steps).transpose()?;
        Ok(batch)
    }

    /// A mask [b, n] that is 1 for trials that have not ended before the time step; `None` if none
    /// has.
    fn active_mask(&self, time: usize) -> Result<Option<Tensor>> {
        let active = self.net.active_mask(self.trials.lengths.as_deref(), time)?;
        let shape = (self.trials.trials, self.net.units);
        let active = active.map(|active| active.broadcast_as(shape));
        Ok(active.transpose()?)
    }

    /// The states after the time step, detached from the tape.
    fn step(&self, h: &Tensor, time: usize, params: &ParamMap) -> Result<Tensor> {
        let next = self.net.advance([h, &self.inputs[time]], params)?;
        let next = match &self.noise {
            Some(noise) => (next + &noise[time])?,
            None => next,
        };
        let next = match self.active_mask(time)? {
            Some(active) => active.where_cond(&next, h)?,
            None => next,
        };
        Ok(next.detach().contiguous()?)
    }

    /// The states before the first input and after each input.
    fn states(&self) -> Result<Vec<Tensor>> {
        let params = self.net.param_map()?;
        let mut states = vec![self.net.initial_states(self.trials.trials, &params)?];
        for time in 0..self.trials.time {
            let next = self.step(&states[time], time, &params)?;
            states.push(next);
        }
        Ok(states)
    }

    /// The sum of the squared errors at one time step, and the gradient of the loss with respect to
    /// the outputs [b, o].
    fn errors(&self, outputs: &Tensor, time: usize) -> Result<(f64, Tensor)> {
        let (b, t, o) = (self.trials.trials, self.trials.time, self.net.outputs);
        let mut gradients = vec![T::of(0.0); b * o];
        let mut sum = 0.0;
        let rows = convert::to_vec::<T>(outputs)?;
        let rows = rows.chunks_exact(o).zip(gradients.chunks_exact_mut(o));
        for (trial, (row, gradients)) in rows.enumerate() {
            let at = trial * t + time;
            let weight = self
                .trials
                .mask
                .as_ref()
                .map_or(1.0, |mask| mask[at].double());
            if weight == 0.0 {
                continue;
            }
            let targets = &self.trials.targets[at * o..][..o];
            for ((output, target), gradient) in row.iter().zip(targets).zip(gradients) {
                let error = output.double() - target.double();
                sum += weight * error * error;
                *gradient = T::of(2.0 * self.weight * weight * error);
            }
        }
        Ok((sum, Tensor::from_vec(gradients, (b, o), &Device::Cpu)?))
    }

    /// The squared errors at one time step, and their gradient with respect to the states h [b, n].
    fn readout_backward(
        &self,
        h: &Tensor,
        time: usize,
        tracked: &TrackedParams,
        sums: &mut [f64],
    ) -> Result<(f64, Tensor)> {
        let h = Var::from_tensor(h)?;
        let outputs = self.net.apply_readout(&h, &tracked.params)?;
        let (loss, cotangent) = self.errors(&outputs, time)?;
        let gradients = vjp(self.net.functions.readout.as_ref(), &outputs, &cotangent)?;
        self.net.accumulate_params(&gradients, tracked, sums)?;
        Ok((loss, gradient_of(&gradients, &h)?))
    }

    /// The gradient with respect to the states h [b, n] before a step, from the gradient after it.
    fn step_backward(
        &self,
        h: &Tensor,
        time: usize,
        (cotangent, tracked): (&Tensor, &TrackedParams),
        sums: &mut [f64],
    ) -> Result<Tensor> {
        // The input is also a variable, because a step may depend on the input alone.
        let [h, x] = [Var::from_tensor(h)?, Var::from_tensor(&self.inputs[time])?];
        let next = self.net.advance([&h, &x], &tracked.params)?;
        let active = self.active_mask(time)?;
        let zero = cotangent.zeros_like()?;
        let [active_part, frozen_part] = match &active {
            Some(active) => [
                active.where_cond(cotangent, &zero)?,
                active.where_cond(&zero, cotangent)?,
            ],
            None => [cotangent.clone(), zero],
        };
        let gradients = vjp(Some(&self.net.functions.step), &next, &active_part)?;
        self.net.accumulate_params(&gradients, tracked, sums)?;
        Ok((gradient_of(&gradients, &h)? + frozen_part)?)
    }
}

/// The gradients with respect to all variables, from the cotangent of `output`; both [b, f].
fn vjp(function: Option<&UserFn>, output: &Tensor, cotangent: &Tensor) -> Result<GradStore> {
    let Some(function) = function else {
        return Ok((output * cotangent)?.sum_all()?.backward()?);
    };
    function.check_tracked(output)?;
    let gradients = (output * cotangent).and_then(|x| x.sum_all()?.backward());
    gradients.map_err(|error| (function.locate)(error.into()))
}

/// The gradient with respect to one variable; zero if the loss does not depend on it.
fn gradient_of(gradients: &GradStore, var: &Var) -> Result<Tensor> {
    match gradients.get(var) {
        Some(gradient) => Ok(gradient.detach()),
        None => Ok(var.zeros_like()?.detach()),
    }
}

/// Sums over many time steps are accumulated in double precision.
fn accumulate(gradient: &Tensor, sums: &mut [f64]) -> Result<()> {
    for (sum, x) in sums.iter_mut().zip(convert::to_f64(gradient)?) {
        *sum += x;
    }
    Ok(())
}

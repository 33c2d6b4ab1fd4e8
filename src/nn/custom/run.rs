//! Runs, single steps and Jacobians of custom networks. Gradients flow through the user functions
//! to every tracked argument. If no argument is tracked, no graph is stored.

use candle_core::Var;

use super::Custom;
use super::memory;
use super::time_steps::split_steps;
use crate::base::Result;
use crate::nn::{Dynamics, Objective, ObjectiveValue, RunArgs};
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, convert};
use crate::train::Trials;

impl<T: Real> Dynamics<T> for Custom<T> {
    fn units(&self) -> usize {
        self.units
    }

    fn state(&self) -> usize {
        self.units
    }

    fn run_bytes(&self, size: [usize; 2], differentiable: bool) -> usize {
        memory::run_bytes(self, size, differentiable)
    }

    fn objective_bytes(&self, size: [usize; 2], objective: &Objective, gradient: bool) -> usize {
        memory::objective_bytes(self, size, objective, gradient)
    }

    fn run(&self, args: &RunArgs<'_>) -> Result<[Tensor; 2]> {
        let (b, t, _) = args.inputs.dims3()?;
        self.shapes([b, t]).check_sizes()?;
        let params = match args.params {
            Some(params) => self.to_param_map(params),
            None => self.param_map()?,
        };
        let mut h = match args.h0 {
            Some(h0) => h0.contiguous()?,
            None => self.initial_states(b, &params)?,
        };
        let noise = self.sample_noise([b, t], args.noise)?;
        let noise = noise.as_ref().map(split_steps).transpose()?;
        let mut states = Vec::with_capacity(t);
        for (time, x) in split_steps(args.inputs)?.iter().enumerate() {
            let mut next = self.advance([&h, x], &params)?;
            if let Some(noise) = &noise {
                next = (next + &noise[time])?;
            }
            h = match self.active_mask(args.lengths, time)? {
                Some(active) => active.broadcast_as(h.shape())?.where_cond(&next, &h)?,
                None => next,
            };
            states.push(h.clone());
        }
        let states = Tensor::stack(&states, 1)?.contiguous()?;
        let rows = states.reshape(((), self.units))?;
        let outputs = self
            .apply_readout(&rows, &params)?
            .reshape((b, t, self.outputs))?;
        Ok([states, outputs])
    }

    fn step(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.shapes([h.dims()[0], 1]).check_sizes()?;
        let (h, x) = (h.to_dtype(T::DTYPE)?, x.to_dtype(T::DTYPE)?);
        self.advance([&h, &x], &self.param_map()?)
    }

    /// Computed for one row of the next state at a time, for all states at once.
    fn jacobians(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        let (b, n) = (h.dims()[0], self.units);
        self.shapes([b, 1]).check_sizes()?;
        let var = |x: &Tensor| Var::from_tensor(&x.detach().to_dtype(T::DTYPE)?.contiguous()?);
        let at = [var(h)?, var(x)?];
        let next = self.advance([&at[0], &at[1]], &self.param_map()?)?;
        let step = &self.functions.step;
        step.check_tracked(&next)?;
        let mut jacobians = [&at[0], &at[1]].map(|at| vec![T::of(0.0); n * at.elem_count()]);
        for r in 0..n {
            let row = next.narrow(1, r, 1)?.sum_all()?;
            let gradients = row
                .backward()
                .map_err(|error| (step.locate)(error.into()))?;
            for (at, jacobian) in at.iter().zip(&mut jacobians) {
                let (Some(gradient), f) = (gradients.get(at), at.dims()[1]) else {
                    continue;
                };
                let gradient = convert::to_vec::<T>(gradient)?;
                for (trial, row) in gradient.chunks_exact(f.max(1)).enumerate() {
                    jacobian[(trial * n + r) * f..][..f].copy_from_slice(row);
                }
            }
        }
        let [by_state, by_input] = jacobians;
        Ok([
            Tensor::from_vec(by_state, (b, n, n), &Device::Cpu)?,
            Tensor::from_vec(by_input, (b, n, self.inputs), &Device::Cpu)?,
        ])
    }

    fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let mut shape = states.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.outputs;
        }
        let rows = states.reshape(((), self.units))?.contiguous()?;
        Ok(self
            .apply_readout(&rows, &self.param_map()?)?
            .reshape(shape)?)
    }

    fn objective(
        &self,
        _: &mut (),
        data: (&Trials<T>, Option<&Key>),
        objective: &Objective,
        gradient: Option<&mut [T]>,
    ) -> Result<ObjectiveValue> {
        match gradient {
            Some(gradient) => self.value_and_gradient(data, objective, gradient),
            None => self.value(data, objective),
        }
    }
}

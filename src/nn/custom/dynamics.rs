//! Runs, single steps and Jacobians. What autograd follows of a run's arguments it follows through
//! the rules; where nothing is followed, nothing is kept.

use candle_core::Var;

use super::{Custom, times};
use crate::base::Result;
use crate::nn::{Call, Dynamics};
use crate::tensor::{Device, Real, Tensor, values};

impl<T: Real> Dynamics<T> for Custom<T> {
    fn units(&self) -> usize {
        self.units
    }

    fn state(&self) -> usize {
        self.units
    }

    fn response(&self, call: &Call<'_>) -> Result<[Tensor; 2]> {
        let (b, t, _) = call.inputs.dims3()?;
        self.expect([b, t]).some()?;
        let params = match call.params {
            Some(params) => self.by_name(params),
            None => self.named()?,
        };
        let mut h = match call.h0 {
            Some(h0) => h0.contiguous()?,
            None => self.first(b, &params)?,
        };
        let noise = self.noise([b, t], call.noise)?;
        let noise = noise.as_ref().map(times).transpose()?;
        let mut states = Vec::with_capacity(t);
        for (time, x) in times(call.inputs)?.iter().enumerate() {
            let mut next = self.moved([&h, x], &params)?;
            if let Some(noise) = &noise {
                next = (next + &noise[time])?;
            }
            h = match self.going(call.lengths, time)? {
                Some(going) => going.broadcast_as(h.shape())?.where_cond(&next, &h)?,
                None => next,
            };
            states.push(h.clone());
        }
        let states = Tensor::stack(&states, 1)?.contiguous()?;
        let rows = states.reshape(((), self.units))?;
        let outputs = self.read(&rows, &params)?.reshape((b, t, self.outputs))?;
        Ok([states, outputs])
    }

    fn next(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.expect([h.dims()[0], 1]).some()?;
        let (h, x) = (h.to_dtype(T::DTYPE)?, x.to_dtype(T::DTYPE)?);
        self.moved([&h, &x], &self.named()?)
    }

    /// Row by row of the next state, for all states at once.
    fn slopes(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        let (b, n) = (h.dims()[0], self.units);
        self.expect([b, 1]).some()?;
        let var = |x: &Tensor| Var::from_tensor(&x.detach().to_dtype(T::DTYPE)?.contiguous()?);
        let at = [var(h)?, var(x)?];
        let next = self.moved([&at[0], &at[1]], &self.named()?)?;
        let rule = &self.rules.step;
        rule.followed(&next)?;
        let mut found = [&at[0], &at[1]].map(|at| vec![T::of(0.0); n * at.elem_count()]);
        for r in 0..n {
            let row = next.narrow(1, r, 1)?.sum_all()?;
            let slopes = row.backward().map_err(|fault| (rule.blame)(fault.into()))?;
            for (at, found) in at.iter().zip(&mut found) {
                let (Some(slope), f) = (slopes.get(at), at.dims()[1]) else {
                    continue;
                };
                for (trial, row) in values::reals::<T>(slope)?.chunks_exact(f).enumerate() {
                    found[(trial * n + r) * f..][..f].copy_from_slice(row);
                }
            }
        }
        let [by_state, by_input] = found;
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
        Ok(self.read(&rows, &self.named()?)?.reshape(shape)?)
    }
}

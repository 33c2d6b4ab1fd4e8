//! The custom network: its parameters, and one step of its user functions.

use std::rc::Rc;

use super::user_fn::{ParamMap, UserFns};
use crate::base::Result;
use crate::nn::traits::linear;
use crate::ops::rnn::{Shapes, Sizes};
use crate::random::Key;
use crate::tensor::{Arena, Device, Real, Tensor};

/// A recurrent network defined by user functions. Trials are independent: the result of a function
/// for one row must not depend on the other rows.
#[derive(Debug, Clone)]
pub struct Custom<T> {
    /// h0 if it is learned, the parameters of the user by name, and wO and bO if the readout is
    /// linear.
    pub params: Arena<T>,
    /// i
    pub inputs: usize,
    /// n
    pub units: usize,
    /// o
    pub outputs: usize,
    /// Standard deviation of the noise added to each state in runs with a noise key.
    pub noise: f64,
    pub(super) functions: Rc<UserFns>,
}

impl<T: Real> Custom<T> {
    /// One step and the readout as text. The body of a user function is not included.
    pub fn equation(&self) -> &'static str {
        match self.functions.readout {
            Some(_) => "h' = step(h, x, p), o = readout(h', p)",
            None => "h' = step(h, x, p), o = wO h' + bO",
        }
    }

    /// The states after one step from h [b, n] with inputs x [b, i], without noise.
    pub(super) fn advance(&self, [h, x]: [&Tensor; 2], params: &ParamMap) -> Result<Tensor> {
        let args = [h.clone(), x.clone()];
        self.functions
            .step
            .evaluate(&args, params, (self.units, T::DTYPE))
    }

    /// A mask [b, 1] that is 1 for trials that have not ended before the time step; `None` if none
    /// has.
    pub(super) fn active_mask(
        &self,
        lengths: Option<&[usize]>,
        time: usize,
    ) -> Result<Option<Tensor>> {
        let lengths = lengths.unwrap_or_default();
        if lengths.iter().all(|length| *length > time) {
            return Ok(None);
        }
        let active = lengths.iter().map(|length| u8::from(*length > time));
        let active = Tensor::from_iter(active, &Device::Cpu)?;
        Ok(Some(active.unsqueeze(1)?))
    }

    /// The outputs at h [b, n].
    pub(super) fn apply_readout(&self, h: &Tensor, params: &ParamMap) -> Result<Tensor> {
        match &self.functions.readout {
            Some(function) => {
                function.evaluate(std::slice::from_ref(h), params, (self.outputs, T::DTYPE))
            }
            None => linear(h, &params["wO"], &params["bO"]),
        }
    }

    /// The default initial states, [b, n].
    pub(super) fn initial_states(&self, b: usize, params: &ParamMap) -> Result<Tensor> {
        Ok(match params.get("h0") {
            Some(h0) => h0.broadcast_left(b)?.contiguous()?,
            None => Tensor::zeros((b, self.units), T::DTYPE, &Device::Cpu)?,
        })
    }

    /// The checks of a call with the given batch size and number of time steps.
    pub(super) fn shapes(&self, [batch, time]: [usize; 2]) -> Shapes {
        Shapes {
            op: "custom",
            sizes: Sizes {
                batch,
                time,
                inputs: self.inputs,
                units: self.units,
                outputs: self.outputs,
                layers: 1,
                directions: 1,
            },
            state: self.units,
            params: self.params.data.len(),
        }
    }

    pub(super) fn param_map(&self) -> Result<ParamMap> {
        Ok(self.to_param_map(&self.params.tensors()?))
    }

    /// Tensors in the order of the layout, as a map by name.
    pub(super) fn to_param_map(&self, params: &[Tensor]) -> ParamMap {
        let blocks = self.params.layout().blocks().iter();
        let names = blocks.map(|block| block.name.clone());
        names.zip(params.iter().cloned()).collect()
    }

    /// The state noise of a run, [b, t, n], if noise is enabled.
    pub(super) fn sample_noise(
        &self,
        [b, t]: [usize; 2],
        key: Option<&Key>,
    ) -> Result<Option<Tensor>> {
        let Some(key) = key.filter(|_| self.noise > 0.0) else {
            return Ok(None);
        };
        let mut noise = vec![T::of(0.0); b * t * self.units];
        key.fill_normal(&mut noise);
        for x in &mut noise {
            *x *= T::of(self.noise);
        }
        let noise = Tensor::from_vec(noise, (b, t, self.units), &Device::Cpu)?;
        Ok(Some(noise))
    }
}

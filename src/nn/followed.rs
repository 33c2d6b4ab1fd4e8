//! Runs on the tape of candle's autograd, for losses that a user writes: the whole sequence is
//! one operation on it.

use super::network::either;
use super::{Network, Rnn};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Device, Tensor};

impl Network {
    /// States [b, t, n] and outputs [b, t, o], differentiable by inputs, parameters and h0.
    ///
    /// Shapes: inputs [b, t, i], h0 [b, n] (the learned one without it), params one for each block
    /// of the layout, in its order; all in the network's kind of number
    /// Errors: `Shape` if they do not fit
    pub fn run_followed(
        &self,
        inputs: &Tensor,
        params: &[Tensor],
        h0: Option<&Tensor>,
        noise: Option<&Key>,
    ) -> Result<[Tensor; 2]> {
        let (b, t, _) = inputs.dims3()?;
        let flat: candle_core::Result<Vec<Tensor>> =
            params.iter().map(Tensor::flatten_all).collect();
        let flat = Tensor::cat(&flat?, 0)?;
        let h0 = match h0 {
            Some(h0) => h0.clone(),
            None => self
                .named(params, "h0")?
                .unsqueeze(0)?
                .broadcast_as((b, self.units()))?,
        };
        let noise = either!(self, net => noise_for(net, [b, t], noise))?;
        let states = self.cell().states(inputs, &flat, &h0, noise.as_ref())?;
        let (weights, bias) = (self.named(params, "wO")?, self.named(params, "bO")?);
        let outputs = linear(&states, weights, bias)?;
        Ok([states, outputs])
    }

    /// The outputs wO h + bO.
    ///
    /// Shapes: [.., n] -> [.., o]
    /// Errors: `Shape` if the last axis is not the units
    pub fn readout(&self, states: &Tensor) -> Result<Tensor> {
        if states.dims().last() != Some(&self.units()) {
            return Err(Error::Shape {
                op: "network",
                what: "states",
                expected: format!("[.., {}]", self.units()),
                found: states.dims().to_vec(),
            });
        }
        let states = states.to_dtype(self.dtype())?;
        linear(&states, &self.parameter("wO")?, &self.parameter("bO")?)
    }

    /// Of tensors in the order of the layout, the one that stands for the block called `name`.
    fn named<'a>(&self, params: &'a [Tensor], name: &str) -> Result<&'a Tensor> {
        let block = self.layout().block(name)?;
        let at = self.layout().blocks().iter().position(|b| b == block);
        Ok(&params[at.expect("the block was found in this layout")])
    }
}

/// Shapes: x [.., n], weights [o, n], bias [o] -> [.., o]
fn linear(x: &Tensor, weights: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (o, n) = weights.dims2()?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = o;
    }
    let rows = x.reshape(((), n))?;
    Ok(rows
        .matmul(&weights.t()?)?
        .broadcast_add(bias)?
        .reshape(shape)?)
}

/// The noise [b, t, n] of a run, if there is any.
fn noise_for<T: Lanes>(
    net: &Rnn<T>,
    [b, t]: [usize; 2],
    key: Option<&Key>,
) -> Result<Option<Tensor>> {
    let mut noise = Vec::new();
    if net.fill_noise(&mut noise, key, net.sizes(b, t)).is_none() {
        return Ok(None);
    }
    Ok(Some(Tensor::from_vec(
        noise,
        (b, t, net.units),
        &Device::Cpu,
    )?))
}

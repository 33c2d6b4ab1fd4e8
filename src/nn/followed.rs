//! Runs on the tape of candle's autograd, for losses that a user writes: the whole sequence is
//! one operation on it.

use super::network::either;
use super::{Network, Rnn};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::ops::rnn::{Aside, Both, states, suffix};
use crate::random::Key;
use crate::tensor::{Device, Tensor};

/// The blocks that begin a strand, as far as its cell has them.
const FIRST_STATES: [&str; 2] = ["h0", "c0"];

impl Network {
    /// States [b, t, s] and outputs [b, t, o], differentiable by inputs, parameters and h0.
    ///
    /// Shapes: inputs [b, t, i], h0 [b, s] (the learned one without it), params one for each block
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
            None => self.first_states(params)?.broadcast_left(b)?,
        };
        let (cell, sizes) = (self.plan().cell, self.plan().sizes(b, t));
        let layers = Both {
            single: cell.operation(),
            double: cell.operation(),
        };
        let noise = either!(self, net => noise_for(net, [b, t], noise))?;
        let aside = Aside {
            noise: noise.as_ref(),
            dropout: None,
        };
        let states = states(layers, sizes, [inputs, &flat, &h0], aside)?;
        let (weights, bias) = (self.named(params, "wO")?, self.named(params, "bO")?);
        let outputs = linear(&self.plan().rates(&states)?, weights, bias)?;
        Ok([states, outputs])
    }

    /// The outputs of states.
    ///
    /// Shapes: [.., s] -> [.., o]
    /// Errors: `Shape` if the last axis is not a state
    pub fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let state = self.plan().state();
        if states.dims().last() != Some(&state) {
            return Err(Error::Shape {
                op: "network",
                what: "states",
                expected: format!("[.., {state}]"),
                found: states.dims().to_vec(),
            });
        }
        let states = states.to_dtype(self.dtype())?;
        let rates = self.plan().rates(&states)?;
        linear(&rates, &self.parameter("wO")?, &self.parameter("bO")?)
    }

    /// The learned first states of all strands, [s].
    fn first_states(&self, params: &[Tensor]) -> Result<Tensor> {
        let plan = self.plan();
        let sizes = plan.sizes(1, 1);
        let parts = &FIRST_STATES[..plan.state() / sizes.hidden()];
        let mut all = Vec::new();
        for strand in 0..sizes.strands() {
            let end = suffix(sizes, strand);
            for part in parts {
                all.push(self.named(params, &format!("{part}{end}"))?);
            }
        }
        Ok(Tensor::cat(&all, 0)?)
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

/// The noise [b, t, strands n] of a run, if there is any.
fn noise_for<T: Lanes>(
    net: &Rnn<T>,
    [b, t]: [usize; 2],
    key: Option<&Key>,
) -> Result<Option<Tensor>> {
    let (mut noise, sizes) = (Vec::new(), net.plan.sizes(b, t));
    if net.fill_noise(&mut noise, key, sizes).is_none() {
        return Ok(None);
    }
    let shape = (b, t, sizes.hidden());
    Ok(Some(Tensor::from_vec(noise, shape, &Device::Cpu)?))
}

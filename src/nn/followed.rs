//! Runs on the tape of candle's autograd, for losses that a user writes: the whole sequence is
//! one operation on it.

use super::Rnn;
use super::dynamics::{Call, linear};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Aside, Both, states, suffix};
use crate::random::Key;
use crate::tensor::{Device, Tensor};

/// The blocks that begin a strand, as far as its cell has them.
const FIRST_STATES: [&str; 2] = ["h0", "c0"];

impl<T: Lanes> Rnn<T> {
    /// States [b, t, s] and outputs [b, t, o], differentiable by inputs, parameters and h0. The
    /// parameters are one for each block of the layout, in its order.
    ///
    /// Errors: `Shape` if they do not fit
    pub(super) fn run_followed(&self, call: &Call<'_>, params: &[Tensor]) -> Result<[Tensor; 2]> {
        let (b, t, _) = call.inputs.dims3()?;
        let flat: candle_core::Result<Vec<Tensor>> =
            params.iter().map(Tensor::flatten_all).collect();
        let flat = Tensor::cat(&flat?, 0)?;
        let h0 = match call.h0 {
            Some(h0) => h0.clone(),
            None => self.first_states(params)?.broadcast_left(b)?,
        };
        let (cell, sizes) = (self.plan.cell, self.plan.sizes(b, t));
        let layers = Both {
            single: cell.operation(),
            double: cell.operation(),
        };
        let noise = noise_for(self, [b, t], call.noise)?;
        let aside = Aside {
            noise: noise.as_ref(),
            dropout: None,
            lengths: call.lengths,
        };
        let states = states(layers, sizes, [call.inputs, &flat, &h0], aside)?;
        let (weights, bias) = (self.named(params, "wO")?, self.named(params, "bO")?);
        let outputs = linear(&self.plan.rates(&states)?, weights, bias)?;
        Ok([states, outputs])
    }

    /// The learned first states of all strands, [s].
    fn first_states(&self, params: &[Tensor]) -> Result<Tensor> {
        let plan = &self.plan;
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
        let layout = self.params.layout();
        let block = layout.block(name)?;
        let at = layout.blocks().iter().position(|b| b == block);
        Ok(&params[at.expect("the block was found in this layout")])
    }
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

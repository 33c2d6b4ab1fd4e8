//! Runs on candle's autograd tape, for losses defined by scripts. The whole sequence is one
//! operation on the tape.

use super::Rnn;
use super::traits::{RunArgs, linear};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Inputs, states, suffix};
use crate::random::Key;
use crate::tensor::{Device, Tensor};

impl<T: Lanes> Rnn<T> {
    /// States [b, t, s] and outputs [b, t, o], differentiable with respect to inputs, parameters
    /// and h0. `params` contains one tensor per block of the layout, in order.
    ///
    /// Errors: `Shape` if the shapes do not match
    pub(super) fn run_differentiable(
        &self,
        args: &RunArgs<'_>,
        params: &[Tensor],
    ) -> Result<[Tensor; 2]> {
        let (b, t, _) = args.inputs.dims3()?;
        let flat: candle_core::Result<Vec<Tensor>> =
            params.iter().map(Tensor::flatten_all).collect();
        let flat = Tensor::cat(&flat?, 0)?;
        let h0 = match args.h0 {
            Some(h0) => h0.clone(),
            None => self.initial_states(params)?.broadcast_left(b)?,
        };
        let (cell, sizes) = (self.spec.cell, self.spec.sizes(b, t));
        let noise = sample_noise(self, [b, t], args.noise)?;
        let inputs = Inputs {
            h0: Some(&h0),
            noise: noise.as_ref(),
            lengths: args.lengths,
            ..Inputs::new(&flat, args.inputs)
        };
        let states = states(cell.operation::<T>(), sizes, inputs)?;
        let (weights, bias) = (
            self.block_tensor(params, "wO")?,
            self.block_tensor(params, "bO")?,
        );
        let outputs = linear(&self.spec.rates(&states)?, weights, bias)?;
        Ok([states, outputs])
    }

    /// The learned initial states of all sublayers, [s].
    fn initial_states(&self, params: &[Tensor]) -> Result<Tensor> {
        let spec = &self.spec;
        let sizes = spec.sizes(1, 1);
        let parts = spec.cell.initial_states();
        let mut all = Vec::new();
        for sublayer in 0..sizes.sublayers() {
            let suffix = suffix(sizes, sublayer);
            for part in parts {
                all.push(self.block_tensor(params, &format!("{part}{suffix}"))?);
            }
        }
        Ok(Tensor::cat(&all, 0)?)
    }

    /// The tensor of the block `name`, from tensors in the order of the layout.
    fn block_tensor<'a>(&self, params: &'a [Tensor], name: &str) -> Result<&'a Tensor> {
        let layout = self.params.layout();
        let block = layout.block(name)?;
        let index = layout.blocks().iter().position(|b| b == block);
        Ok(&params[index.expect("the block was found in this layout")])
    }
}

/// The state noise of a run, [b, t, sublayers n], if noise is enabled.
fn sample_noise<T: Lanes>(
    net: &Rnn<T>,
    [b, t]: [usize; 2],
    key: Option<&Key>,
) -> Result<Option<Tensor>> {
    let (mut noise, sizes) = (Vec::new(), net.spec.sizes(b, t));
    if net.fill_noise(&mut noise, key, sizes).is_none() {
        return Ok(None);
    }
    let shape = (b, t, sizes.total_units());
    Ok(Some(Tensor::from_vec(noise, shape, &Device::Cpu)?))
}

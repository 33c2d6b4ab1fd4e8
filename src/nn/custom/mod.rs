//! Networks whose step a user writes: h' = step(h, x, p) + noise, o = readout(h', p). Gradients
//! come from candle's autograd over one step at a time.

mod dynamics;
mod loss;
mod model;
mod recipe;
mod rule;

use std::rc::Rc;

use super::dynamics::linear;
use crate::base::Result;
use crate::ops::rnn::{Expect, Sizes};
use crate::random::Key;
use crate::tensor::{Arena, Device, Real, Tensor};

pub use recipe::CustomRecipe;
pub use rule::{Named, Rule, Rules};

/// A recurrent network that a user wrote. Each trial is by itself: what a rule makes of one row
/// must not depend on the others.
#[derive(Debug, Clone)]
pub struct Custom<T> {
    /// h0 if it is learned, the user's by name, and wO and bO if the readout is linear.
    pub params: Arena<T>,
    /// i
    pub inputs: usize,
    /// n
    pub units: usize,
    /// o
    pub outputs: usize,
    /// Standard deviation of the noise added to each state in runs that are given a key for it.
    pub noise: f64,
    rules: Rc<Rules>,
}

impl<T: Real> Custom<T> {
    /// One step and the readout, as far as they can be put in words.
    pub fn equation(&self) -> &'static str {
        match self.rules.readout {
            Some(_) => "h' = step(h, x, p), o = readout(h', p)",
            None => "h' = step(h, x, p), o = wO h' + bO",
        }
    }

    /// The next states of h [b, n] and x [b, i], without noise.
    fn moved(&self, [h, x]: [&Tensor; 2], params: &Named) -> Result<Tensor> {
        let args = [h.clone(), x.clone()];
        self.rules.step.rows(&args, params, (self.units, T::DTYPE))
    }

    /// Which trials go on at a time, [b, 1] of ones and zeros; none where all do.
    fn going(&self, lengths: Option<&[usize]>, time: usize) -> Result<Option<Tensor>> {
        let lengths = lengths.unwrap_or_default();
        if lengths.iter().all(|length| *length > time) {
            return Ok(None);
        }
        let going = lengths.iter().map(|length| u8::from(*length > time));
        let going = Tensor::from_iter(going, &Device::Cpu)?;
        Ok(Some(going.unsqueeze(1)?))
    }

    /// The outputs of h [b, n].
    fn read(&self, h: &Tensor, params: &Named) -> Result<Tensor> {
        match &self.rules.readout {
            Some(rule) => rule.rows(std::slice::from_ref(h), params, (self.outputs, T::DTYPE)),
            None => linear(h, &params["wO"], &params["bO"]),
        }
    }

    /// The first states where none are given, [b, n].
    fn first(&self, b: usize, params: &Named) -> Result<Tensor> {
        Ok(match params.get("h0") {
            Some(h0) => h0.broadcast_left(b)?.contiguous()?,
            None => Tensor::zeros((b, self.units), T::DTYPE, &Device::Cpu)?,
        })
    }

    /// What a call with so many trials and times should hold.
    fn expect(&self, [batch, time]: [usize; 2]) -> Expect {
        Expect {
            of: "custom",
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

    fn named(&self) -> Result<Named> {
        Ok(self.by_name(&self.params.tensors()?))
    }

    /// Tensors in the order of the layout, by name.
    fn by_name(&self, params: &[Tensor]) -> Named {
        let blocks = self.params.layout().blocks().iter();
        let names = blocks.map(|block| block.name.clone());
        names.zip(params.iter().cloned()).collect()
    }

    /// The noise [b, t, n] of a run, if there is any.
    fn noise(&self, [b, t]: [usize; 2], key: Option<&Key>) -> Result<Option<Tensor>> {
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

/// Each time of an array by itself.
///
/// Shapes: [b, t, f] -> t times [b, f]
fn times(x: &Tensor) -> Result<Vec<Tensor>> {
    let mut parts = Vec::with_capacity(x.dims()[1]);
    halve(&x.transpose(0, 1)?.contiguous()?, &mut parts)?;
    Ok(parts)
}

/// The gradient of a part is as large as what it is a part of: taken one by one, t parts would have
/// t times that of the whole, taken by halves it is log t times.
fn halve(x: &Tensor, parts: &mut Vec<Tensor>) -> Result<()> {
    match x.dims()[0] {
        0 => {}
        1 => parts.push(x.squeeze(0)?),
        count => {
            halve(&x.narrow(0, 0, count / 2)?, parts)?;
            halve(&x.narrow(0, count / 2, count - count / 2)?, parts)?;
        }
    }
    Ok(())
}

//! What a network of a user's own is made from: its sizes and its first parameters.

use std::rc::Rc;
use std::sync::Arc;

use super::{Custom, Named, Rules};
use crate::base::options::{Options, Span};
use crate::base::{Error, Result};
use crate::nn::Precision;
use crate::nn::recipe::H0_SCALE;
use crate::options;
use crate::random::{Key, Layout};
use crate::tensor::{self, Arena, Device, Real, Tensor};

/// What the steps are tried on, that a wrong shape is told at once.
const TRIALS: usize = 2;

options! {
    /// The sizes of a network whose step a user writes, and how it begins.
    pub struct CustomRecipe for "rnn::custom" {
        /// Numbers that come in at each time.
        inputs: usize = 1, in Span::from(1.0);
        /// Numbers that make a state. Needed.
        units: Option<usize> = None, in Span::from(1.0);
        /// Numbers that go out at each time.
        outputs: usize = 1, in Span::from(1.0);
        /// Whether the first state is the parameter `h0`; else it is 0 unless a run is given one.
        learn_h0: bool = true;
        /// Standard deviation of the noise that training adds to each state.
        noise: f64 = 0.0, in Span::from(0.0);
        /// Kind of number.
        dtype: Precision = Precision::F32;
        /// Seed of the first parameters that are drawn.
        seed: usize = 0;
        /// Key of the first parameters that are drawn, in place of a seed.
        key: Option<Key> = None;
    }
}

impl CustomRecipe {
    /// A new network with the parameters `given` and those that every network has. Of these, the
    /// ones that are not given are drawn: h0 from 0.1 N(0, 1) with child 1 of 3 of the key, wO from
    /// N(0, 1) over the root of the units with child 2; bO is 0.
    ///
    /// Errors: `Range` if an option is outside its span, or a first state is given where none is
    /// learned; `Missing` without units; `Parameter` if one of h0, wO and bO has another shape;
    /// those of the rules, which are tried
    pub fn build<T: Real>(&self, rules: Rc<Rules>, given: &Named) -> Result<Custom<T>> {
        self.clone().check()?;
        let doc = "numbers that make a state".into();
        let (of, name) = ("rnn::custom", "units");
        let units = self.units.ok_or(Error::Missing { of, name, doc })?;
        if !self.learn_h0 && given.contains_key("h0") {
            return Err(Error::Range {
                of: of.into(),
                name: "h0".into(),
                expected: "among the parameters only with `learn_h0`".into(),
                found: "it there without".into(),
            });
        }
        let layout = self.layout(units, rules.readout.is_none(), given);
        let mut net = Custom {
            params: Arena::zeros(Arc::new(layout)),
            inputs: self.inputs,
            units,
            outputs: self.outputs,
            noise: self.noise,
            rules,
        };
        self.draw(&mut net)?;
        for (name, value) in given {
            net.params.set(name, value)?;
        }
        net.tried()?;
        Ok(net)
    }

    /// The first state, what is given in the order of its names, the readout.
    fn layout(&self, units: usize, linear: bool, given: &Named) -> tensor::Layout {
        let weights = [
            ("wO", vec![self.outputs, units]),
            ("bO", vec![self.outputs]),
        ];
        let h0 = self.learn_h0.then(|| ("h0", vec![units]));
        let readout = weights.into_iter().filter(|_| linear);
        let own = |name: &str| name == "h0" || linear && ["wO", "bO"].contains(&name);
        let others = given.iter().filter(|(name, _)| !own(name));
        let others = others.map(|(name, value)| (name.as_str(), value.dims().to_vec()));
        let blocks = h0.into_iter().chain(others).chain(readout);
        tensor::Layout::new(blocks.map(|(name, shape)| (name.into(), shape)))
    }

    fn draw<T: Real>(&self, net: &mut Custom<T>) -> Result<()> {
        let key = self
            .key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()));
        let draws = [("h0", H0_SCALE), ("wO", 1.0 / (net.units as f64).sqrt())];
        for (k, (name, scale)) in draws.into_iter().enumerate() {
            let Ok(block) = net.params.block_mut(name) else {
                continue;
            };
            key.child(k + 1, draws.len() + 1).fill_normal(block);
            for x in block {
                *x *= T::of(scale);
            }
        }
        Ok(())
    }
}

impl<T: Real> Custom<T> {
    /// Errors: those of the rules on a few states
    fn tried(&self) -> Result<()> {
        let params = self.named()?;
        let zeros = |n: usize| Tensor::zeros((TRIALS, n), T::DTYPE, &Device::Cpu);
        let next = self.moved([&zeros(self.units)?, &zeros(self.inputs)?], &params)?;
        self.read(&next, &params).map(|_| ())
    }
}

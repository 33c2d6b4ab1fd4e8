//! Options and initialization of custom networks.

use std::rc::Rc;
use std::sync::Arc;

use super::{Custom, ParamMap, UserFns};
use crate::base::options::{Options, REQUIRED, Span};
use crate::base::{Error, Result};
use crate::nn::init::H0_SCALE;
use crate::options;
use crate::random::Seed;
use crate::tensor::{self, Arena, Device, Precision, Real, Tensor};

/// The batch size of the trial call that detects wrong shapes at construction.
const TRIALS: usize = 2;

options! {
    /// Options of a network whose step is a user function.
    pub struct CustomOptions for "rnn::custom" {
        /// Number of inputs per time step; 0 for a network without inputs (autonomous dynamics).
        inputs: usize = 1;
        /// Number of state variables.
        units: Option<usize> = None, default REQUIRED, in Span::at_least(1.0);
        /// Number of outputs per time step.
        outputs: usize = 1, in Span::at_least(1.0);
        /// Whether the initial state is the parameter `h0`. If false, the initial state is 0 unless
        /// a run specifies one.
        learn_h0: bool = true;
        /// Standard deviation of the noise that training adds to each state.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// Precision of all values.
        dtype: Precision = Precision::F32;
        /// Seed of the parameters that are initialized at random.
        seed: Seed = Seed::default();
    }
}

impl CustomOptions {
    /// A new network with the user parameters `params` and the built-in parameters. Built-in
    /// parameters that are absent from `params` are initialized: h0 from 0.1 N(0, 1) with child 1
    /// of 3 of the key, wO from N(0, 1) divided by the square root of the number of units with
    /// child 2, and bO with 0.
    ///
    /// Errors: `Range` if an option is out of range, or if `params` contains an initial state that
    /// is not learned; `Missing` without units; `Parameter` if the shape of h0, wO or bO is wrong;
    /// any error of the user functions, which are called once
    pub fn build<T: Real>(&self, functions: Rc<UserFns>, params: &ParamMap) -> Result<Custom<T>> {
        self.clone().check()?;
        let doc = "number of state variables".into();
        let (of, name) = ("rnn::custom", "units");
        let units = self.units.ok_or(Error::Missing { of, name, doc })?;
        if !self.learn_h0 && params.contains_key("h0") {
            return Err(Error::Range {
                of: of.into(),
                name: "h0".into(),
                expected: "among the parameters only with `learn_h0: true`".into(),
                found: "`learn_h0: false`".into(),
            });
        }
        let layout = self.layout(units, functions.readout.is_none(), params);
        let mut net = Custom {
            params: Arena::zeros(Arc::new(layout)),
            inputs: self.inputs,
            units,
            outputs: self.outputs,
            noise: self.noise,
            functions,
        };
        self.initialize(&mut net)?;
        for (name, value) in params {
            net.params.set(name, value)?;
        }
        net.check_functions()?;
        Ok(net)
    }

    /// The initial state, then the user parameters sorted by name, then the readout.
    fn layout(&self, units: usize, linear: bool, params: &ParamMap) -> tensor::Layout {
        let weights = [
            ("wO", vec![self.outputs, units]),
            ("bO", vec![self.outputs]),
        ];
        let h0 = self.learn_h0.then(|| ("h0", vec![units]));
        let readout = weights.into_iter().filter(|_| linear);
        let built_in = |name: &str| name == "h0" || linear && ["wO", "bO"].contains(&name);
        let user = params.iter().filter(|(name, _)| !built_in(name));
        let user = user.map(|(name, value)| (name.as_str(), value.dims().to_vec()));
        let blocks = h0.into_iter().chain(user).chain(readout);
        tensor::Layout::new(blocks.map(|(name, shape)| (name.into(), shape)))
    }

    fn initialize<T: Real>(&self, net: &mut Custom<T>) -> Result<()> {
        let key = self.seed.key();
        let initializers = [("h0", H0_SCALE), ("wO", 1.0 / (net.units as f64).sqrt())];
        for (k, (name, scale)) in initializers.into_iter().enumerate() {
            let Ok(block) = net.params.block_mut(name) else {
                continue;
            };
            key.split_nth(k + 1, initializers.len() + 1)
                .fill_normal(block);
            for x in block {
                *x *= T::of(scale);
            }
        }
        Ok(())
    }
}

impl<T: Real> Custom<T> {
    /// Calls the user functions once.
    ///
    /// Errors: any error of the user functions
    fn check_functions(&self) -> Result<()> {
        let params = self.param_map()?;
        let zeros = |n: usize| Tensor::zeros((TRIALS, n), T::DTYPE, &Device::Cpu);
        let next = self.advance([&zeros(self.units)?, &zeros(self.inputs)?], &params)?;
        self.apply_readout(&next, &params).map(|_| ())
    }
}

//! The vanilla cell:
//!
//! ```text
//! h' = f(wI x + wR h + bR)
//! ```
//!
//! Source: numerics of the tutorials (Sussillo 2019). PyTorch's `nn.RNN` is equivalent: the sum of
//! its two biases is bR.

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, Constructor, TorchLayout};
use crate::base::Result;
use crate::ops::rnn::Nonlinearity;
use crate::options;

options! {
    /// A vanilla cell and its hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct Vanilla for "rnn::vanilla" {
        /// Nonlinearity applied to the pre-activations.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
    }
}

impl CellDescriptor for Vanilla {
    const NAME: &'static str = "vanilla";
    const EQUATION: &'static str = "h' = f(wI x + wR h + bR), o = wO h' + bO";
    const GATES: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        vec![
            ("h0", vec![n]),
            ("wI", vec![n, i]),
            ("wR", vec![n, n]),
            ("bR", vec![n]),
        ]
    }

    fn nonlinearity(&self) -> Option<Nonlinearity> {
        Some(self.nonlinearity)
    }

    fn fixed_point_bound(&self) -> Option<f64> {
        (self.nonlinearity == Nonlinearity::Tanh).then_some(1.0)
    }

    fn torch(&self) -> Option<TorchLayout> {
        let available = matches!(self.nonlinearity, Nonlinearity::Tanh | Nonlinearity::Relu);
        available.then_some(TorchLayout {
            gates: Self::GATES,
            separate_biases: false,
        })
    }
}

impl Constructor for Vanilla {
    type Cell = Vanilla;
    const FUNCTION: &'static str = "vanilla";
    const DOC: &'static str = "\
A new vanilla network: h' = f(wI x + wR h + bR) + noise, o = wO h' + bO, with a learned initial
state h0.

PyTorch's nn.RNN is equivalent, with bR equal to the sum of its two biases. A large network with
tanh and without inputs is chaotic at initialization if `gain` is above 1; below 1 its activity
decays to 0.

> rnn::vanilla(#{ inputs: 1, units: 100, outputs: 1, gain: 0.85, seed: 0 })
= vanilla network: 1 input, 100 units (tanh), 1 output, f32
";

    fn cell(&self) -> Result<Vanilla> {
        Ok(*self)
    }
}

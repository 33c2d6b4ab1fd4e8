//! The long short-term memory, as in PyTorch:
//!
//! ```text
//! [i; f; g; o] = wI x + wR h + bR
//! c' = sigmoid(f) c + sigmoid(i) tanh(g)      h' = sigmoid(o) tanh(c')
//! ```
//!
//! The state is [h, c]; matrices and readout read h. bR is the sum of PyTorch's two biases.
//!
//! Source: PyTorch's documentation of `nn.LSTM`; the order of the rows is the same

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, Constructor, TorchLayout};
use crate::base::Result;
use crate::options;

options! {
    /// The cell; it has no hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct Lstm for "rnn::lstm" {}
}

impl CellDescriptor for Lstm {
    const NAME: &'static str = "lstm";
    const EQUATION: &'static str = "[i; f; g; o] = wI x + wR h + bR, \
        c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'), output wO h' + bO";
    const GATES: usize = 4;
    const INITIAL_STATES: &'static [&'static str] = &["h0", "c0"];

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        vec![
            ("h0", vec![n]),
            ("c0", vec![n]),
            ("wI", vec![4 * n, i]),
            ("wR", vec![4 * n, n]),
            ("bR", vec![4 * n]),
        ]
    }

    /// The forget gate is below 1, so that c remains bounded, but its bound depends on the weights.
    fn is_bounded(&self) -> bool {
        true
    }

    fn torch(&self) -> Option<TorchLayout> {
        Some(TorchLayout {
            gates: Self::GATES,
            separate_biases: false,
        })
    }
}

impl Constructor for Lstm {
    type Cell = Lstm;
    const FUNCTION: &'static str = "lstm";
    const DOC: &'static str = "\
A new network of long short-term memory (LSTM) units, as in PyTorch.

[i; f; g; o] = wI x + wR h + bR, c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c').
The readout is o = wO h' + bO. The state is [h, c].

> rnn::lstm(#{ inputs: 3, units: 20, layers: 2 })
= lstm network: 3 inputs, 2 layers of 20 units, 1 output, f32
";

    fn cell(&self) -> Result<Lstm> {
        Ok(*self)
    }
}

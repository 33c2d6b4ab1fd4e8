//! The update-gate RNN: the simplest gated cell, with one gate between the state and the candidate:
//!
//! ```text
//! [c; g] = wI x + wR h + bR
//! h' = sigmoid(g + b) h + (1 - sigmoid(g + b)) tanh(c)
//! ```
//!
//! b is the update bias, 1 in the paper. The rows of the matrices are those of c, then those of g.
//!
//! Source: Collins, Sohl-Dickstein & Sussillo 2017, equations 8 to 10

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, Constructor};
use crate::base::Result;
use crate::options;

options! {
    /// An update-gate cell and its hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct Ugrnn for "rnn::ugrnn" {
        /// Bias added to the pre-activations of the update gates.
        update_bias: f64 = 1.0;
    }
}

impl CellDescriptor for Ugrnn {
    const NAME: &'static str = "ugrnn";
    const EQUATION: &'static str = "[c; g] = wI x + wR h + bR + [0; update_bias], \
        h' = sigmoid(g) h + (1 - sigmoid(g)) tanh(c), o = wO h' + bO";
    const GATES: usize = 2;

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        vec![
            ("h0", vec![n]),
            ("wI", vec![2 * n, i]),
            ("wR", vec![2 * n, n]),
            ("bR", vec![2 * n]),
        ]
    }

    /// h' is a convex combination of h and a tanh.
    fn fixed_point_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

impl Constructor for Ugrnn {
    type Cell = Ugrnn;
    const FUNCTION: &'static str = "ugrnn";
    const DOC: &'static str = "\
A new network of update-gate units (UGRNN), the simplest gated cell.

[c; g] = wI x + wR h + bR + [0; update_bias], h' = sigmoid(g) h + (1 - sigmoid(g)) tanh(c). The
readout is o = wO h' + bO. Source: Collins, Sohl-Dickstein & Sussillo 2017.

> rnn::ugrnn(#{ inputs: 2, units: 64, outputs: 1 })
= ugrnn network: 2 inputs, 64 units, 1 output, f32
";

    fn cell(&self) -> Result<Ugrnn> {
        Ok(*self)
    }
}

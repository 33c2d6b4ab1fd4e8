//! The gated recurrent unit of PyTorch; the reset gate acts after the matrix:
//!
//! ```text
//! [r; z; s] = wI x + bI      [r'; z'; q] = wR h + bR      n = tanh(s + sigmoid(r + r') q)
//! h' = (1 - sigmoid(z + z')) n + sigmoid(z + z') h
//! ```
//!
//! The reset gate of the tutorials' GRU acts before the matrix: see [`super::Gru`], whose script
//! function also creates this cell.
//!
//! Source: PyTorch's documentation of `nn.GRU`; the order of the rows is the same

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, TorchLayout};
use crate::options;

options! {
    /// The cell; it has no hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct GruTorch for "rnn::gru" {}
}

impl CellDescriptor for GruTorch {
    const NAME: &'static str = "gru (PyTorch)";
    const FILE_NAME: &'static str = "gru_torch";
    const EQUATION: &'static str = "[r; z] = sigmoid((wI x + bI + wR h + bR)[r, z]), \
        n = tanh((wI x + bI)[n] + r (wR h + bR)[n]), h' = (1 - z) n + z h, o = wO h' + bO";
    const GATES: usize = 3;

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        vec![
            ("h0", vec![n]),
            ("wI", vec![3 * n, i]),
            ("wR", vec![3 * n, n]),
            ("bI", vec![3 * n]),
            ("bR", vec![3 * n]),
        ]
    }

    /// h' is a convex combination of h and a tanh.
    fn fixed_point_bound(&self) -> Option<f64> {
        Some(1.0)
    }

    fn torch(&self) -> Option<TorchLayout> {
        Some(TorchLayout {
            gates: Self::GATES,
            separate_biases: true,
        })
    }
}

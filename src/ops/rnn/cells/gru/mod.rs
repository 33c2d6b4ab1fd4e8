//! The gated recurrent unit of the tutorials; the reset gate acts before the matrix:
//!
//! ```text
//! [r; u] = sigmoid(wRUHX [h; x] + bRU + [0; b])      c = tanh(wCHX [r h; x] + bC)
//! h' = u h + (1 - u) c
//! ```
//!
//! b is the update bias, 0.5 in the tutorials. The reset gate of PyTorch's GRU acts after the
//! matrix: see [`super::GruTorch`].
//!
//! Source: Cho et al. 2014, as in the tutorials (Sussillo 2019)

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, Constructor, Initializer};
use super::gru_torch::GruTorch;
use crate::base::{Error, Result};
use crate::{choices, options};

options! {
    /// A GRU cell and its hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct Gru for "rnn::gru" {
        /// Bias added to the pre-activations of the update gates.
        update_bias: f64 = 0.5;
    }
}

impl CellDescriptor for Gru {
    const NAME: &'static str = "gru";
    const EQUATION: &'static str = "[r; u] = sigmoid(wRUHX [h; x] + bRU + [0; update_bias]), \
        c = tanh(wCHX [r h; x] + bC), h' = u h + (1 - u) c, o = wO h' + bO";
    const GATES: usize = 3;

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        vec![
            ("h0", vec![n]),
            ("wRUHX", vec![2 * n, n + i]),
            ("wCHX", vec![n, n + i]),
            ("bRU", vec![2 * n]),
            ("bC", vec![n]),
        ]
    }

    fn initializers(i: usize, n: usize) -> Vec<Initializer> {
        vec![
            Initializer::state("h0"),
            Initializer::recurrent("wRUHX", 0..n),
            Initializer::input("wRUHX", n..n + i),
            Initializer::recurrent("wCHX", 0..n),
            Initializer::input("wCHX", n..n + i),
        ]
    }

    /// h' is a convex combination of h and a tanh.
    fn fixed_point_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

choices! {
    /// Position of the reset gate of a GRU.
    pub enum Reset {
        #[default]
        Before = "before",
        After = "after",
    }
}

options! {
    /// A gated recurrent unit.
    pub struct GruOptions for "rnn::gru" {
        /// Position of the reset gate: applied to the state before the recurrent matrix, as in the
        /// tutorials, or to the product after it, as in PyTorch.
        reset: Reset = Reset::Before;
        /// Bias added to the pre-activations of the update gates. It applies
        /// with `reset: "before"` only, and is an error otherwise.
        update_bias: Option<f64> = None, default "0.5";
    }
}

/// The two GRU cells.
pub enum AnyGru {
    /// Reset gate before the matrix.
    Before(Gru),
    /// Reset gate after the matrix.
    After(GruTorch),
}

impl Constructor for GruOptions {
    type Cell = AnyGru;
    const FUNCTION: &'static str = "gru";
    const DOC: &'static str = "\
A new network of gated recurrent units (GRU).

By default the reset gate is applied before the recurrent matrix, as in the
computation-thru-dynamics tutorials: [r; u] = sigmoid(wRUHX [h; x] + bRU + [0; update_bias]),
c = tanh(wCHX [r h; x] + bC), h' = u h + (1 - u) c.

With `reset: \"after\"`, as in PyTorch: r and z are the sigmoids of the rows of wI x + bI + wR h +
bR, n = tanh((wI x + bI) + r (wR h + bR)), h' = (1 - z) n + z h.

The readout is o = wO h' + bO.

> rnn::gru(#{ inputs: 1, units: 100, outputs: 1 })
= gru network: 1 input, 100 units, 1 output, f32
";

    fn variants() -> Vec<(&'static str, AnyGru)> {
        vec![
            ("with `reset: \"before\"`", AnyGru::Before(Gru::default())),
            (
                "with `reset: \"after\"`",
                AnyGru::After(GruTorch::default()),
            ),
        ]
    }

    /// Errors: `Range` if an update bias is set for a cell without one
    fn cell(&self) -> Result<AnyGru> {
        match (self.reset, self.update_bias) {
            (Reset::Before, None) => Ok(AnyGru::Before(Gru::default())),
            (Reset::Before, Some(update_bias)) => Ok(AnyGru::Before(Gru { update_bias })),
            (Reset::After, None) => Ok(AnyGru::After(GruTorch::default())),
            (Reset::After, Some(bias)) => Err(Error::Range {
                of: "rnn::gru".into(),
                name: "update_bias".into(),
                expected: "with reset \"before\" only".into(),
                found: bias.to_string(),
            }),
        }
    }
}

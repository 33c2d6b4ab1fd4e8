//! Options of the individual cell types.

use super::Cell;
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::ctrnn::Ctrnn;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::gru_torch::GruTorch;
use crate::ops::rnn::vanilla::Vanilla;
use crate::{choices, options};

/// The update bias of the tutorials.
const UPDATE_BIAS: f64 = 0.5;

options! {
    /// A vanilla cell: h' = f(wI x + wR h + bR).
    pub struct VanillaOptions for "rnn::vanilla" {
        /// Nonlinearity applied to the pre-activations.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
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
        /// Bias added to the pre-activations of the update gates. The default is 0.5, as in the
        /// tutorials. A cell with its reset gate after the matrix does not have this option.
        update_bias: Option<f64> = None;
    }
}

options! {
    /// A continuous-time cell: a' = a + dt/tau (-a + wR f(a) + wI x + bR).
    pub struct CtrnnOptions for "rnn::ctrnn" {
        /// Nonlinearity applied to the activations.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
        /// Duration of a time step, in the unit of tau.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Time constant of the activations.
        tau: f64 = 10.0, in Span::above(0.0);
    }
}

impl VanillaOptions {
    pub fn cell(&self) -> Cell {
        Cell::Vanilla(Vanilla {
            nonlinearity: self.nonlinearity,
        })
    }
}

impl GruOptions {
    /// Errors: `Range` if an update bias is set for a cell without one
    pub fn cell(&self) -> Result<Cell> {
        match (self.reset, self.update_bias) {
            (Reset::Before, bias) => Ok(Cell::Gru(Gru {
                update_bias: bias.unwrap_or(UPDATE_BIAS),
            })),
            (Reset::After, None) => Ok(Cell::GruTorch(GruTorch)),
            (Reset::After, Some(bias)) => Err(Error::Range {
                of: "rnn::gru".into(),
                name: "update_bias".into(),
                expected: "with reset \"before\" only".into(),
                found: bias.to_string(),
            }),
        }
    }
}

impl CtrnnOptions {
    /// Errors: `Range` if the time step exceeds the time constant, because Euler's method then
    /// oscillates
    pub fn cell(&self) -> Result<Cell> {
        if self.dt > self.tau {
            return Err(Error::Range {
                of: "rnn::ctrnn".into(),
                name: "dt".into(),
                expected: format!("at most tau, {}", self.tau),
                found: self.dt.to_string(),
            });
        }
        Ok(Cell::Ctrnn(Ctrnn {
            nonlinearity: self.nonlinearity,
            dt: self.dt,
            tau: self.tau,
        }))
    }
}

//! What the equation of each cell leaves open, as options.

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
        /// What each unit makes of its sum.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
    }
}

choices! {
    /// Where the reset gate of a GRU acts.
    pub enum Reset {
        #[default]
        Before = "before",
        After = "after",
    }
}

options! {
    /// A gated recurrent unit.
    pub struct GruOptions for "rnn::gru" {
        /// Where the reset gate acts: on the state before the matrix, as in the tutorials, or on
        /// the product after it, as in PyTorch.
        reset: Reset = Reset::Before;
        /// Added to the sums of the update gates: 0.5 if it is not given, as in the tutorials. A
        /// cell with its reset after the matrix has none.
        update_bias: Option<f64> = None;
    }
}

options! {
    /// A continuous-time cell: a' = a + dt/tau (-a + wR f(a) + wI x + bR).
    pub struct CtrnnOptions for "rnn::ctrnn" {
        /// What each unit makes of its current.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
        /// Length of a time step, in the unit of tau.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Time constant of the currents.
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
    /// Errors: `Range` if a cell without an update bias is given one
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
    /// Errors: `Range` if a step is longer than the time constant: Euler's method then swings
    pub fn cell(&self) -> Result<Cell> {
        if self.dt > self.tau {
            return Err(Error::Range {
                of: "rnn::ctrnn".into(),
                name: "dt".into(),
                expected: format!("of at most tau, {}", self.tau),
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

//! The continuous-time cell, integrated with Euler steps:
//!
//! ```text
//! a' = a + dt/tau (-a + wR f(a) + wI x + bR)
//! ```
//!
//! The state is the vector a of currents; matrices and readout read the rates f(a).
//!
//! Source: Sussillo & Barak 2013, equation 4, extended by a bias

mod cpu;

use super::descriptor::{BlockShape, CellDescriptor, Constructor};
use super::vanilla::Vanilla;
use crate::base::options::{Options, Span};
use crate::base::{Error, Result};
use crate::ops::rnn::Nonlinearity;
use crate::options;

options! {
    /// A continuous-time cell and its hyperparameters.
    #[derive(Copy, Debug, PartialEq)]
    pub struct Ctrnn for "rnn::ctrnn" {
        /// Nonlinearity f: the rates are f(a).
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
        /// Duration of a time step, in the unit of `tau`; at most `tau`.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Time constant with which the currents a decay, in the unit of `dt`.
        tau: f64 = 10.0, in Span::above(0.0);
    }
}

impl CellDescriptor for Ctrnn {
    const NAME: &'static str = "ctrnn";
    const EQUATION: &'static str = "a' = a + dt/tau (-a + wR f(a) + wI x + bR), o = wO f(a') + bO";
    const GATES: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<BlockShape> {
        Vanilla::blocks(i, n)
    }

    /// Errors: `Range` if the time step exceeds the time constant, because Euler's method then
    /// oscillates
    fn validate(mut self) -> Result<()> {
        self.check()?;
        if self.dt > self.tau {
            return Err(Error::Range {
                of: "rnn::ctrnn".into(),
                name: "dt".into(),
                expected: format!("at most tau, {}", self.tau),
                found: self.dt.to_string(),
            });
        }
        Ok(())
    }

    fn nonlinearity(&self) -> Option<Nonlinearity> {
        Some(self.nonlinearity)
    }

    /// A step longer than two time constants overshoots without bound.
    fn is_bounded(&self) -> bool {
        self.nonlinearity == Nonlinearity::Tanh && self.dt < 2.0 * self.tau
    }

    fn readout_nonlinearity(&self) -> Option<Nonlinearity> {
        Some(self.nonlinearity)
    }
}

impl Constructor for Ctrnn {
    type Cell = Ctrnn;
    const FUNCTION: &'static str = "ctrnn";
    const DOC: &'static str = "\
A new continuous-time network: a' = a + dt/tau (-a + wR f(a) + wI x + bR) + noise, o = wO f(a') +
bO.

The states are the currents a; the recurrent weights and the readout apply to the rates f(a). A
large network with tanh and without inputs is chaotic at initialization if `gain` is above 1; below
1 its activity decays to 0.

> rnn::ctrnn(#{ units: 200, dt: 0.01, tau: 0.1, gain: 1.5 })
= ctrnn network: 1 input, 200 units (tanh), 1 output, f32
";

    fn cell(&self) -> Result<Ctrnn> {
        self.validate()?;
        Ok(*self)
    }
}

//! Between a [`Foreign`] and the network that runs here.

use super::kind::Kind;
use super::{Foreign, OF_SAVE};
use crate::base::options::Choice as _;
use crate::base::{Error, Result};
use crate::nn::{Cell, Network, Plan, Precision, Rnn};
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::gru_torch::GruTorch;
use crate::ops::rnn::lstm::Lstm;
use crate::ops::rnn::vanilla::Vanilla;
use crate::tensor::DType;

/// What the parameters in a file do not tell of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// What the units of a vanilla network make of their sums.
    pub nonlinearity: Nonlinearity,
    /// The update bias of the notebooks' GRU.
    pub update_bias: f64,
}

impl Default for Open {
    /// As in the notebooks.
    fn default() -> Open {
        Open {
            nonlinearity: Nonlinearity::Tanh,
            update_bias: Gru::default().update_bias,
        }
    }
}

impl Foreign {
    /// The network, ready to run; without noise and dropout.
    pub fn network(&self, open: Open) -> Result<Network> {
        let cell = match self.kind {
            Kind::Vanilla => Cell::Vanilla(Vanilla {
                nonlinearity: open.nonlinearity,
            }),
            Kind::Gru => Cell::Gru(Gru {
                update_bias: open.update_bias,
            }),
            Kind::GruTorch => Cell::GruTorch(GruTorch),
            Kind::Lstm => Cell::Lstm(Lstm),
        };
        let plan = Plan {
            layers: self.layers,
            directions: self.directions,
            ..Plan::new(cell, [self.inputs, self.units, self.outputs])
        };
        let mut network = match self.precision() {
            Precision::F32 => Network::F32(Rnn::zeros(plan)),
            Precision::F64 => Network::F64(Rnn::zeros(plan)),
        };
        for (name, tensor) in &self.blocks {
            network.set(name, tensor)?;
        }
        Ok(network)
    }

    /// The kind of number that the parameters have.
    fn precision(&self) -> Precision {
        match self.blocks.iter().any(|(_, x)| x.dtype() == DType::F64) {
            true => Precision::F64,
            false => Precision::F32,
        }
    }

    /// A network of this program, to be written for others.
    ///
    /// Errors: `Kind` if no other program has its cell
    pub fn of(network: &Network) -> Result<Foreign> {
        let Some(plan) = network.plan().copied() else {
            return Err(unknown_there("a network whose step is a closure".into()));
        };
        let kind = match plan.cell {
            Cell::Vanilla(Vanilla {
                nonlinearity: Nonlinearity::Tanh | Nonlinearity::Relu,
            }) => Kind::Vanilla,
            Cell::Vanilla(vanilla) => {
                let found = format!("a vanilla network of {} units", vanilla.nonlinearity.word());
                return Err(unknown_there(found));
            }
            Cell::Ctrnn(_) => return Err(unknown_there("a continuous-time network".into())),
            Cell::Gru(_) => {
                let found = "a GRU with its reset before the matrix".into();
                return Err(unknown_there(found));
            }
            Cell::GruTorch(_) => Kind::GruTorch,
            Cell::Lstm(_) => Kind::Lstm,
        };
        let names = network.layout().blocks().iter().map(|block| &block.name);
        let blocks = names.map(|name| Ok((name.clone(), network.parameter(name)?)));
        Ok(Foreign {
            kind,
            inputs: plan.inputs,
            units: plan.units,
            outputs: plan.outputs,
            layers: plan.layers,
            directions: plan.directions,
            unsaid: false,
            blocks: blocks.collect::<Result<_>>()?,
        })
    }
}

fn unknown_there(found: String) -> Error {
    let expected = "a cell that PyTorch has (RNN with tanh or relu, LSTM, or GRU with its reset \
                    after the matrix)";
    Error::Kind {
        of: OF_SAVE.into(),
        expected: expected.into(),
        found,
    }
}

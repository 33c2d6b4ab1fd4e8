//! Conversion between a [`PortableNetwork`] and a network of this program.

use super::layout::CellKind;
use super::{PortableNetwork, SAVE};
use crate::base::options::Choice as _;
use crate::base::{Error, Result};
use crate::nn::{Cell, Network, Precision, Rnn, Spec};
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::cells::{Gru, GruTorch, Lstm, Vanilla};
use crate::tensor::DType;

/// The settings of a cell that its parameters do not determine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellSettings {
    /// The nonlinearity of a vanilla network.
    pub nonlinearity: Nonlinearity,
    /// The update bias of the GRU of the notebooks.
    pub update_bias: f64,
}

impl Default for CellSettings {
    /// The settings of the notebooks.
    fn default() -> CellSettings {
        CellSettings {
            nonlinearity: Nonlinearity::Tanh,
            update_bias: Gru::default().update_bias,
        }
    }
}

impl PortableNetwork {
    /// The network, without noise and dropout.
    pub fn build(&self, settings: CellSettings) -> Result<Network> {
        let cell = match self.kind {
            CellKind::Vanilla => Cell::Vanilla(Vanilla {
                nonlinearity: settings.nonlinearity,
            }),
            CellKind::Gru => Cell::Gru(Gru {
                update_bias: settings.update_bias,
            }),
            CellKind::GruTorch => Cell::GruTorch(GruTorch::default()),
            CellKind::Lstm => Cell::Lstm(Lstm::default()),
        };
        let spec = Spec {
            layers: self.layers,
            directions: self.directions,
            ..Spec::new(cell, [self.inputs, self.units, self.outputs])
        };
        let mut network = match self.precision() {
            Precision::F32 => Network::F32(Rnn::zeros(spec)),
            Precision::F64 => Network::F64(Rnn::zeros(spec)),
        };
        for (name, tensor) in &self.blocks {
            network.set(name, tensor)?;
        }
        Ok(network)
    }

    /// The dtype of the parameters.
    fn precision(&self) -> Precision {
        match self.blocks.iter().any(|(_, x)| x.dtype() == DType::F64) {
            true => Precision::F64,
            false => Precision::F32,
        }
    }

    /// The portable form of a network of this program, for export.
    ///
    /// Errors: `Kind` if PyTorch does not have its cell type
    pub fn from_network(network: &Network) -> Result<PortableNetwork> {
        let Some(spec) = network.spec().copied() else {
            return Err(unsupported("a network whose step is a closure".into()));
        };
        let kind = match spec.cell {
            Cell::Vanilla(Vanilla {
                nonlinearity: Nonlinearity::Tanh | Nonlinearity::Relu,
            }) => CellKind::Vanilla,
            Cell::Vanilla(vanilla) => {
                let found = format!("a vanilla network of {} units", vanilla.nonlinearity.name());
                return Err(unsupported(found));
            }
            Cell::Ctrnn(_) => return Err(unsupported("a continuous-time network".into())),
            Cell::Gru(_) => {
                let found = "a GRU with the reset gate before the matrix".into();
                return Err(unsupported(found));
            }
            Cell::GruTorch(_) => CellKind::GruTorch,
            Cell::Lstm(_) => CellKind::Lstm,
            Cell::Ugrnn(_) => return Err(unsupported("an update-gate network".into())),
        };
        let names = network.layout().blocks().iter().map(|block| &block.name);
        let blocks = names.map(|name| Ok((name.clone(), network.parameter(name)?)));
        Ok(PortableNetwork {
            kind,
            inputs: spec.inputs,
            units: spec.units,
            outputs: spec.outputs,
            layers: spec.layers,
            directions: spec.directions,
            torch_names: false,
            ambiguous_nonlinearity: false,
            blocks: blocks.collect::<Result<_>>()?,
        })
    }
}

fn unsupported(found: String) -> Error {
    let expected = "a cell that PyTorch has (RNN with tanh or relu, LSTM, or GRU with the reset \
                    gate after the matrix)";
    Error::Kind {
        of: SAVE.into(),
        expected: expected.into(),
        found,
    }
}

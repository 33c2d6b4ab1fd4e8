//! Conversion between a [`PortableNetwork`] and a network of this program.

use super::export::check_exportable;
use super::portable::PortableNetwork;
use crate::base::Result;
use crate::base::options::{Choice as _, Slot};
use crate::nn::{Cell, Network, Rnn, Spec};
use crate::ops::rnn::Nonlinearity;
use crate::tensor::Precision;
use crate::tensor::precision::build_precision;

/// The settings of a cell that its parameters do not determine. Without a value, the default of the
/// cell applies.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CellSettings {
    pub nonlinearity: Option<Nonlinearity>,
    pub update_bias: Option<f64>,
}

impl CellSettings {
    /// The cell with these settings, as far as it has them.
    fn apply(&self, mut cell: Cell) -> Cell {
        for (field, slot) in cell.hyperparameters() {
            match (field.name, slot) {
                ("nonlinearity", Slot::Choice(choice)) => {
                    let name = self
                        .nonlinearity
                        .map_or(choice.name(), |value| value.name());
                    choice.select(name);
                }
                ("update_bias", Slot::Real(bias)) => {
                    *bias = self.update_bias.unwrap_or(*bias);
                }
                _ => {}
            }
        }
        cell
    }
}

impl PortableNetwork {
    /// The network, without noise and dropout.
    pub fn build(&self, settings: CellSettings) -> Result<Network> {
        let cell = settings.apply(self.cell);
        let spec = Spec {
            layers: self.layers,
            directions: self.directions,
            ..Spec::new(cell, [self.inputs, self.units, self.outputs])
        };
        let dtypes = self.blocks.iter().map(|(_, tensor)| tensor.dtype());
        let net = build_precision!(Precision::widest(dtypes) => Rnn::zeros(spec));
        let mut network = Network::BuiltIn(net);
        for (name, tensor) in &self.blocks {
            network.set(name, tensor)?;
        }
        Ok(network)
    }

    /// The portable form of a network of this program, for export.
    ///
    /// Errors: `Export` if PyTorch cannot represent it; with `refuse_initial_states`, also if its
    /// initial states are not 0
    pub fn from_network(network: &Network, refuse_initial_states: bool) -> Result<PortableNetwork> {
        check_exportable(network, refuse_initial_states)?;
        let spec = network
            .spec()
            .expect("the check refuses networks without a built-in cell");
        let names = network.layout().blocks().iter().map(|block| &block.name);
        let blocks = names.map(|name| Ok((name.clone(), network.parameter(name)?)));
        Ok(PortableNetwork {
            cell: spec.cell,
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

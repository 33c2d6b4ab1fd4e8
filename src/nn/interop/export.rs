//! Export of a network under the tensor names of PyTorch, for `load_state_dict`.

use super::portable::PortableNetwork;
use super::sublayer::{Sublayer, reverse, suffix};
use crate::base::options::Choice as _;
use crate::base::{Error, Result};
use crate::io::NamedTensors;
use crate::nn::{Cell, Network};
use crate::ops::rnn::cells::TorchLayout;
use crate::tensor::{Tensor, convert};

/// The function name in errors.
const SAVE: &str = "network.save";

/// The names of an exported network.
#[derive(Debug, Clone)]
pub struct ExportNames {
    /// The name prefix of the recurrent layers.
    pub prefix: String,
    /// The name prefix of `weight` and `bias` of the readout.
    pub readout: String,
    /// Whether to export the initial states as `h0` [layers * directions, 1, n] (and `c0`). The
    /// layers of PyTorch have no such parameters, so `load_state_dict` would reject them.
    pub initial_states: bool,
}

impl Default for ExportNames {
    fn default() -> ExportNames {
        ExportNames {
            prefix: "rnn.".into(),
            readout: "readout.".into(),
            initial_states: false,
        }
    }
}

impl PortableNetwork {
    /// The tensors of the network under the names of PyTorch.
    ///
    /// Errors: `Export` if PyTorch does not have the cell
    pub fn to_state_dict(&self, names: &ExportNames) -> Result<NamedTensors> {
        let layout = torch_layout(&self.cell)?;
        let mut named = NamedTensors::new();
        for sublayer in self.sublayers() {
            named.extend(self.layer_tensors(sublayer, layout, &names.prefix)?);
        }
        if self.outputs > 0 {
            for (part, block) in [("weight", "wO"), ("bias", "bO")] {
                named.push((format!("{}{part}", names.readout), self.part(block)?));
            }
        }
        if names.initial_states {
            for name in self.cell.initial_states() {
                named.push(((*name).into(), self.initial_states(name)?));
            }
        }
        Ok(named)
    }

    fn layer_tensors(
        &self,
        sublayer: Sublayer,
        layout: TorchLayout,
        prefix: &str,
    ) -> Result<NamedTensors> {
        let part = |name: &str| self.part(&format!("{name}{}", suffix(sublayer)));
        let b_rec = part("bR")?;
        // If the biases only occur as a sum, the second one is 0.
        let (b_in, b_rec) = match layout.separate_biases {
            true => (part("bI")?, b_rec),
            false => (b_rec.clone(), b_rec.zeros_like()?),
        };
        let suffix = format!("_l{}{}", sublayer.0, reverse(sublayer.1));
        let parts = [
            ("weight_ih", part("wI")?),
            ("weight_hh", part("wR")?),
            ("bias_ih", b_in),
            ("bias_hh", b_rec),
        ];
        Ok(parts
            .map(|(name, tensor)| (format!("{prefix}{name}{suffix}"), tensor))
            .into())
    }

    fn initial_states(&self, name: &str) -> Result<Tensor> {
        let rows: Result<Vec<Tensor>> = self
            .sublayers()
            .map(|sublayer| self.part(&format!("{name}{}", suffix(sublayer))))
            .collect();
        Ok(Tensor::stack(&rows?, 0)?.unsqueeze(1)?)
    }

    /// Errors: `Unknown` if the network lacks one of its blocks
    fn part(&self, name: &str) -> Result<Tensor> {
        let known = || self.blocks.iter().map(|(name, _)| name.clone()).collect();
        self.block(name).cloned().ok_or_else(|| Error::Unknown {
            of: SAVE.into(),
            category: "parameter",
            name: name.into(),
            known: known(),
        })
    }
}

/// The parameters of a cell in PyTorch.
///
/// Errors: `Export` if PyTorch does not have the cell
pub fn torch_layout(cell: &Cell) -> Result<TorchLayout> {
    cell.torch().ok_or_else(|| Error::Export {
        found: vec![cell_obstacle(cell)],
    })
}

/// Checks that PyTorch can represent a network. With `refuse_initial_states`, its initial states
/// must be 0, as those of PyTorch's layers.
///
/// Errors: `Export` with all properties that PyTorch cannot represent
pub fn check_exportable(network: &Network, refuse_initial_states: bool) -> Result<()> {
    let mut found = Vec::new();
    let Some(spec) = network.spec() else {
        let closure = "a network whose step is a closure";
        found.push((closure.into(), "create it with a built-in cell".into()));
        return Err(Error::Export { found });
    };
    if spec.cell.torch().is_none() {
        found.push(cell_obstacle(&spec.cell));
    }
    if refuse_initial_states {
        found.extend(initial_state_obstacle(network)?);
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(Error::Export { found }),
    }
}

/// The initial states that are not 0, and the remedy.
fn initial_state_obstacle(network: &Network) -> Result<Option<(String, String)>> {
    let mut names = Vec::new();
    for block in network.layout().blocks() {
        let is_initial = block.name.starts_with("h0") || block.name.starts_with("c0");
        let values = convert::to_f64(&network.parameter(&block.name)?)?;
        if is_initial && values.iter().any(|x| *x != 0.0) {
            names.push(block.name.clone());
        }
    }
    let remedy = "set the option `first_states` to \"keep\", which writes h0 (and c0) as tensors \
                  of their own, or to \"drop\"";
    let found = format!(
        "learned initial states that are not 0 ({})",
        names.join(", ")
    );
    Ok((!names.is_empty()).then(|| (found, remedy.into())))
}

/// A cell that PyTorch does not have, and the remedy.
fn cell_obstacle(cell: &Cell) -> (String, String) {
    let (found, remedy) = match (cell, cell.nonlinearity()) {
        (Cell::Gru(_), _) => (
            "a GRU with the reset gate before the matrix".into(),
            "create the network with `reset: \"after\"`, the GRU of PyTorch, and train it: the two \
             kinds of GRU compute different functions",
        ),
        (Cell::Vanilla(_), Some(nonlinearity)) => (
            format!("a {} network of {} units", cell.name(), nonlinearity.name()),
            "PyTorch has tanh and relu units",
        ),
        (_, Some(nonlinearity)) => (
            format!("a {} network of {} units", cell.name(), nonlinearity.name()),
            CELLS,
        ),
        (_, None) => (format!("a {} network", cell.name()), CELLS),
    };
    (found, remedy.into())
}

/// The cells of PyTorch.
const CELLS: &str = "PyTorch has vanilla networks, LSTMs, and GRUs with `reset: \"after\"`";

//! Import and export of networks. Imported networks are detected from the names and shapes of their
//! tensors; exported networks use the tensor names of PyTorch.
//!
//! The intermediate form is a [`PortableNetwork`]: the cell type, the sizes, and the parameters
//! under the names of this program.

mod convert;
mod ctd;
mod export;
mod layout;
mod readout;
mod tensors;
mod torch;

use std::path::Path;

use crate::base::Result;
use crate::io::{NamedTensors, WeightFile};
use crate::tensor::{DType, Tensor};
use layout::Sublayer;
use tensors::TensorTable;

pub use convert::CellSettings;
pub use export::ExportNames;
pub use layout::CellKind;

/// The function name in errors of the export.
const SAVE: &str = "network.save";

/// A network independent of the type that runs it.
#[derive(Debug, Clone)]
pub struct PortableNetwork {
    pub kind: CellKind,
    /// i
    pub inputs: usize,
    /// n, the number of units of one layer in one direction.
    pub units: usize,
    /// o; 0 without a readout.
    pub outputs: usize,
    pub layers: usize,
    /// 1, or 2 for a bidirectional network.
    pub directions: usize,
    /// Whether the parameters have the names of PyTorch.
    pub torch_names: bool,
    /// Whether the nonlinearity may be tanh or relu: the parameters of PyTorch do not determine it.
    pub ambiguous_nonlinearity: bool,
    /// The parameters by name, in the order of this program: one sublayer after another,
    /// then the readout.
    pub blocks: Vec<(String, Tensor)>,
}

/// The selection of the tensors in a file that form the network.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only tensors whose names start with this prefix are used. An empty prefix selects all
    /// tensors.
    pub prefix: String,
    /// The name of the linear readout, without `.weight`. If it is empty, the readout is detected
    /// from its shape.
    pub readout: String,
    /// The names of the initial states h and (for an LSTM) c of a PyTorch network. If a name is
    /// empty, a parameter called `h0` or `c0` is used if present.
    pub h0: String,
    pub c0: String,
    /// The dtype; without it that of the file. Biases that only occur as a sum are added in f64.
    pub dtype: Option<DType>,
}

impl PortableNetwork {
    /// The network formed by the tensors of the file at `path`: an `nn.RNN`, `nn.GRU` or `nn.LSTM`
    /// of PyTorch (or one of their cells) under any name, or a network of the
    /// computation-thru-dynamics notebooks or of this program, with or without a linear readout.
    ///
    /// Errors: `File` if the file contains no network or several, if a parameter is missing or its
    /// shape contradicts the others, or if a PyTorch tensor is unused.
    pub fn from_tensors(
        path: &Path,
        named: &NamedTensors,
        selection: &Selection,
    ) -> Result<PortableNetwork> {
        PortableNetwork::from_content(path, &WeightFile::from(named.clone()), selection)
    }

    /// [`PortableNetwork::from_tensors`] for a file in which some tensors may be unreadable.
    ///
    /// Errors: as there, and `File` if a required tensor is unreadable
    pub fn from_content(
        path: &Path,
        content: &WeightFile,
        selection: &Selection,
    ) -> Result<PortableNetwork> {
        let table = TensorTable::new(path, content, selection);
        let torch = torch::prefixes(&table);
        let ctd = ctd::prefixes(&table);
        match (torch.as_slice(), ctd.as_slice()) {
            ([prefix], []) => torch::read(&table, prefix),
            ([], [prefix]) => ctd::read(&table, prefix),
            ([], []) => Err(table.no_network()),
            _ => Err(table.multiple_networks([torch, ctd].concat())),
        }
    }

    /// The tensor of the block `name`, if present.
    pub fn block(&self, name: &str) -> Option<&Tensor> {
        let block = self.blocks.iter().find(|(known, _)| known == name);
        block.map(|(_, tensor)| tensor)
    }

    /// n d, the number of inputs of the readout.
    fn readout_inputs(&self) -> usize {
        self.units * self.directions
    }

    /// The sublayers, from the first layer on, forward direction first.
    fn sublayers(&self) -> impl Iterator<Item = Sublayer> + use<> {
        let (layers, directions) = (self.layers, self.directions);
        (0..layers).flat_map(move |layer| (0..directions).map(move |direction| (layer, direction)))
    }

    /// The number of inputs of a layer.
    fn layer_inputs(&self, layer: usize) -> usize {
        match layer {
            0 => self.inputs,
            _ => self.readout_inputs(),
        }
    }
}

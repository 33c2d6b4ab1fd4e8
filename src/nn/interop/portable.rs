//! The intermediate form of a network during import and export.

use super::sublayer::Sublayer;
use crate::nn::Cell;
use crate::tensor::Tensor;

/// A network independent of the type that runs it.
#[derive(Debug, Clone)]
pub struct PortableNetwork {
    pub cell: Cell,
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

impl PortableNetwork {
    /// The tensor of the block `name`, if present.
    pub fn block(&self, name: &str) -> Option<&Tensor> {
        let block = self.blocks.iter().find(|(known, _)| known == name);
        block.map(|(_, tensor)| tensor)
    }

    /// n d, the number of inputs of the readout.
    pub(super) fn readout_inputs(&self) -> usize {
        self.units * self.directions
    }

    /// The sublayers, from the first layer on, forward direction first.
    pub(super) fn sublayers(&self) -> impl Iterator<Item = Sublayer> + use<> {
        let (layers, directions) = (self.layers, self.directions);
        (0..layers).flat_map(move |layer| (0..directions).map(move |direction| (layer, direction)))
    }

    /// The number of inputs of a layer.
    pub(super) fn layer_inputs(&self, layer: usize) -> usize {
        match layer {
            0 => self.inputs,
            _ => self.readout_inputs(),
        }
    }
}

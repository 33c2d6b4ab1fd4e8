//! Networks of other programs: told by the names and shapes of their tensors, and written under
//! the names that those programs know.
//!
//! What is between is a [`Foreign`]: what the network is, and its parameters under the names that
//! they have here.

mod entries;
mod kind;
mod network;
mod own;
mod readout;
mod torch;
mod written;

use std::path::Path;

use crate::base::Result;
use crate::io::{Content, Named};
use crate::tensor::{DType, Tensor};
use entries::Entries;
use kind::Strand;

pub use kind::Kind;
pub use network::Open;
pub use written::Names;

/// What faults of the way out are said to be of.
const OF_SAVE: &str = "network.save";

/// A network apart from the type that runs it.
#[derive(Debug, Clone)]
pub struct Foreign {
    pub kind: Kind,
    /// i
    pub inputs: usize,
    /// n, of one layer in one direction.
    pub units: usize,
    /// o; 0 without a readout.
    pub outputs: usize,
    pub layers: usize,
    /// 2 if each layer runs from both ends of time, else 1.
    pub directions: usize,
    /// Whether the units may be tanh or relu: PyTorch's parameters do not say.
    pub unsaid: bool,
    /// The parameters by their names here, in their order here: strand by strand, the readout last.
    pub blocks: Vec<(String, Tensor)>,
}

/// Which of the tensors in a file make the network.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only tensors whose names begin with this count; all of them if it is empty.
    pub prefix: String,
    /// The name of the linear readout, without `.weight`; if it is empty, it is told by its shape.
    pub readout: String,
    /// The names of the states that a network of PyTorch begins with, h and (of an LSTM) c; if they
    /// are empty, parameters called `h0` and `c0` are taken if there are any.
    pub h0: String,
    pub c0: String,
    /// The kind of number; that of the file without it. Biases that only occur as a sum are added
    /// up in f64.
    pub dtype: Option<DType>,
}

impl Foreign {
    /// The network that the tensors of the file at `path` make. It is PyTorch's `nn.RNN`,
    /// `nn.GRU` or `nn.LSTM` under any name (or one of their cells), or a network of the
    /// computation-thru-dynamics notebooks or of this program; with or without a linear readout.
    ///
    /// Errors: `File` if there is no network or there are several, if a parameter is missing or has
    /// another shape than the others ask for, or if a tensor of PyTorch's is left over.
    pub fn recognise(path: &Path, named: &Named, choice: &Choice) -> Result<Foreign> {
        Foreign::of_content(path, &Content::from(named.clone()), choice)
    }

    /// As [`Foreign::recognise`], of a file in which some tensors may not be readable.
    ///
    /// Errors: as there, and `File` if a tensor that the network needs cannot be read
    pub fn of_content(path: &Path, content: &Content, choice: &Choice) -> Result<Foreign> {
        let entries = Entries::new(path, content, choice);
        let torch = torch::prefixes(&entries);
        let own = own::prefixes(&entries);
        match (torch.as_slice(), own.as_slice()) {
            ([prefix], []) => torch::read(&entries, prefix),
            ([], [prefix]) => own::read(&entries, prefix),
            ([], []) => Err(entries.no_network()),
            _ => Err(entries.several([torch, own].concat())),
        }
    }

    /// The tensor of the block called `name`, if there is one.
    pub fn block(&self, name: &str) -> Option<&Tensor> {
        let block = self.blocks.iter().find(|(known, _)| known == name);
        block.map(|(_, tensor)| tensor)
    }

    /// n d, what the readout reads.
    fn read(&self) -> usize {
        self.units * self.directions
    }

    /// Layers and directions, from below, forward first.
    fn strands(&self) -> impl Iterator<Item = Strand> + use<> {
        let (layers, directions) = (self.layers, self.directions);
        (0..layers).flat_map(move |layer| (0..directions).map(move |way| (layer, way)))
    }

    /// Numbers that come into a layer.
    fn features(&self, layer: usize) -> usize {
        match layer {
            0 => self.inputs,
            _ => self.read(),
        }
    }
}

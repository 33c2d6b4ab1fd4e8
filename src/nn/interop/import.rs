//! Import of a network from the tensors of a file.

use std::path::Path;

use super::portable::PortableNetwork;
use super::tensors::{Selection, TensorTable};
use super::{ctd, torch};
use crate::base::Result;
use crate::io::{NamedTensors, WeightFile};

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
}

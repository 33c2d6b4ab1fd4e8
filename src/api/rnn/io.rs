//! The script module `rnn`: networks in files.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use super::interop::{self, ExportOptions, ImportOptions};
use super::net::Net;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::file_kind;
use crate::api::h5;
use crate::api::options::CallOptions;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::{self, Tree, hdf5};
use crate::nn::{Network, metadata};
use crate::tensor::Precision;

crate::natives! {
    /// Recurrent neural networks.
    module "rnn";

    /// A network from a file written by this program, by PyTorch or by the
    /// computation-thru-dynamics notebooks.
    ///
    /// Supported files: files of `network.save`; the state dict of PyTorch's nn.RNN, nn.GRU or
    /// nn.LSTM in a .pt, .ckpt or .safetensors file (any number of layers, unidirectional or
    /// bidirectional, with or without biases and a linear readout, under any names), alone or in a
    /// checkpoint, including the format before PyTorch 1.6; and HDF5 files with the parameters of a
    /// vanilla network or a GRU, as in the notebooks. Initial states missing from a file are 0. The
    /// options apply to files of other programs only, and an option that does not apply to the
    /// network in the file is an error. NaN and infinite parameters are read; a printed line names
    /// the first one.
    ///
    /// > rnn::vanilla(#{ units: 30, seed: 4 }).save("thirty.h5");
    /// > rnn::load("thirty.h5")
    /// = vanilla network: 1 input, 30 units (tanh), 1 output, f32
    fn load(cx: &Context, path: String, options: CallOptions<ImportOptions>) -> New<Net> {
        let file = cx.input_path(&path)?;
        let network = match read_own_network(cx, &path)? {
            Some(network) if options.provided().is_empty() => network,
            Some(_) => {
                let message = format!(
                    "rnn::load: option `{}` is for files of other programs, found a file of \
                     `network.save`: {path}",
                    options.provided()[0],
                );
                let hint = "omit the options: the file describes its network completely";
                return Err(Diagnostic::new(message).hint(hint));
            }
            None => {
                cx.check_file_memory("rnn::load", &file)?;
                let limits = h5::read_options(cx);
                let (network, notes) = interop::import_network(&file, options, &limits)?;
                notes.iter().for_each(|note| cx.terminal.print(note));
                network
            }
        };
        Ok(New(Net(RefCell::new(network))))
    }

    /// Writes the network to a file that ends in .h5 or .safetensors.
    ///
    /// An .h5 file contains the parameters and the architecture. `rnn::load` reads it, and so does
    /// h5py: one data set per parameter, with weights as [out, in], and the architecture as
    /// attributes.
    ///
    /// A .safetensors file contains the state dict of a PyTorch nn.RNN, nn.GRU or nn.LSTM named
    /// `rnn` and an nn.Linear named `readout`, for `load_state_dict` after
    /// `safetensors.torch.load_file`. The options apply to this format only.
    ///
    /// A relative path is resolved against the folder of `--out`.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, layers: 2, nonlinearity: "relu" });
    /// > net.save("relu.safetensors", #{ first_states: "drop" });
    /// > rnn::load("relu.safetensors")
    /// = vanilla network: 1 input, 2 layers of 3 units (relu), 1 output, f32
    fn save(cx: &Context, this: Rc<Net>, path: String, options: CallOptions<ExportOptions>) -> () {
        let net = this.0.borrow();
        let target = cx.output_path(&path)?;
        let extension = target.extension().unwrap_or_default();
        let extension = extension.to_string_lossy().to_lowercase();
        if extension == "safetensors" {
            return Ok(interop::export_network(&target, &net, options.into_inner())?);
        }
        if extension != "h5" && extension != "hdf5" {
            let (of, found) = ("network.save".into(), format!("{path:?}"));
            let expected = "a path that ends in .h5 or .safetensors".into();
            return Err(Error::Kind { of, expected, found }.into());
        }
        if let Some(name) = options.provided().first() {
            let message = format!(
                "network.save: option `{name}` requires a path that ends in .safetensors, found \
                 {path:?}"
            );
            return Err(Diagnostic::new(message));
        }
        let names = net.layout().blocks().iter().map(|block| &block.name);
        let entries = names.map(|name| Ok((name.clone(), Tree::Tensor(net.parameter(name)?))));
        let tree = Tree::Map(entries.collect::<Result<io::Map>>()?);
        h5::save(cx, &path, &tree, metadata::describe(&net), 0)
    }
}

/// The network in a file of `network.save`; `None` for any other file or if no file exists.
fn read_own_network(cx: &Context, path: &str) -> Result<Option<Network>, Diagnostic> {
    let file = cx.input_path(path)?;
    if !hdf5::has_signature(&file)? {
        return Ok(None);
    }
    let attributes = hdf5::attributes(&file, "")?;
    if metadata::is_custom(&attributes) {
        return Err(closure_error(&file).into());
    }
    if !metadata::is_complete(&attributes) {
        let expected = "a recurrent network";
        let other = file_kind::other_kind_error(&file, &attributes, expected);
        return other.map_or(Ok(None), |error| Err(error.into()));
    }
    let tree = h5::load(cx, path)?.tree;
    let of = format!("rnn::load: {path}");
    file_kind::print_not_finite(cx, "rnn::load", &file, &tree)?;
    let (dtype, elements) = (dtype_of(&tree), count_elements(&tree));
    let mut network = metadata::build(&of, &attributes, dtype, elements)?;
    set_parameters(&mut network, &file, &tree)?;
    Ok(Some(network))
}

/// The total number of elements of the tensors in a file.
fn count_elements(tree: &Tree) -> usize {
    let Tree::Map(entries) = tree else { return 0 };
    file_kind::tensors(entries)
        .map(|(_, tensor)| tensor.elem_count())
        .sum()
}

/// The error for a file of a custom network, which contains the parameters but not the step
/// function.
fn closure_error(path: &Path) -> Error {
    let fact = FileError::Network {
        expected: "a network with a built-in step".into(),
        found: vec!["a network whose step is a closure of a script".into()],
        hint: "create the network again with `rnn::custom`, then pass the map that `h5::read` \
               reads from this file to its `load_params`",
    };
    Error::file(path, fact)
}

/// The dtype of a network file: f64 if any tensor is f64, otherwise f32.
fn dtype_of(tree: &Tree) -> Precision {
    let Tree::Map(entries) = tree else {
        return Precision::F32;
    };
    Precision::widest(file_kind::tensors(entries).map(|(_, tensor)| tensor.dtype()))
}

/// Sets the parameters of the network to those of a file.
///
/// Errors: `File` if a parameter is missing or has a different shape
fn set_parameters(network: &mut Network, path: &Path, tree: &Tree) -> Result<()> {
    let file = io::Lookup { path, tree };
    for block in network.layout().clone().blocks() {
        network.set(
            &block.name,
            file.tensor_of_shape(&block.name, &block.shape)?,
        )?;
    }
    Ok(())
}

//! Import and export of networks of other programs.

use std::path::Path;

use crate::api::file_kind::note_not_finite;
use crate::api::options::CallOptions;
use crate::base::options::{Choice as _, Span};
use crate::base::{Error, Result};
use crate::io::hdf5::ReadOptions;
use crate::io::{safetensors, weights};
use crate::nn::Network;
use crate::nn::interop::{CellSettings, ExportNames, PortableNetwork, Selection};
use crate::ops::rnn::Nonlinearity;
use crate::tensor::DType;
use crate::{choices, options};

choices! {
    /// The dtype of an imported network.
    pub enum ImportDtype {
        #[default]
        OfFile = "file",
        F32 = "f32",
        F64 = "f64",
    }
}

options! {
    /// Selection of the network in a file of another program, and settings that the parameters do
    /// not determine.
    pub struct ImportOptions for "rnn::load" {
        /// Only tensors whose names begin with this prefix are read, such as `encoder.`: for files
        /// that contain more than the network.
        prefix: String = "".into();
        /// Name of the linear readout, such as `readout`; without it, the layer of matching shape
        /// is used.
        readout: String = "".into();
        /// Activation of an `nn.RNN`. Without it, the activation recorded in the file (by
        /// `network.save` or in `hyper_parameters` of Lightning) is used, otherwise tanh, with a
        /// note.
        nonlinearity: Option<Nonlinearity> = None, default "that of the file, otherwise tanh";
        /// Name of the learned initial state h; without it, `h0` is used if present, otherwise 0.
        h0: String = "".into();
        /// Name of the learned initial state c of an LSTM; without it, `c0` is used if present,
        /// otherwise 0.
        c0: String = "".into();
        /// Update bias of a GRU of the computation-thru-dynamics notebooks or of an update-gate
        /// network.
        update_bias: Option<f64> = None,
            default "0.5 for a GRU, 1 for an update-gate network", in Span::between(-1e3, 1e3);
        /// The dtype: that of the file, or another one.
        dtype: ImportDtype = ImportDtype::OfFile;
    }
}

choices! {
    /// Treatment of learned initial states, which PyTorch's layers do not have.
    pub enum InitialStates {
        #[default]
        Refuse = "refuse",
        Keep = "keep",
        Drop = "drop",
    }
}

options! {
    /// Options of the export to PyTorch, for a path that ends in .safetensors.
    pub struct ExportOptions for "network.save" {
        /// Name prefix of the recurrent layers.
        prefix: String = "rnn.".into();
        /// Name prefix of `weight` and `bias` of the readout.
        readout: String = "readout.".into();
        /// Treatment of nonzero learned initial states, which PyTorch's layers do not have:
        /// "refuse" raises an error, "keep" writes them as `h0` (and `c0`) of shape
        /// [layers * directions, 1, n], to be passed to the layer explicitly, and "drop" omits
        /// them.
        first_states: InitialStates = InitialStates::Refuse;
    }
}

/// The network in a file of another program, and notes on assumptions and on its parameters.
///
/// Errors: `File` if the file contains no network; `Kind` for an option that does not apply to it
pub fn import_network(
    path: &Path,
    options: CallOptions<ImportOptions>,
    limits: &ReadOptions,
) -> Result<(Network, Vec<String>)> {
    let selection = selection(&options);
    let content = weights::read_entries(path, limits)?;
    let portable = PortableNetwork::from_content(path, &content, &selection)?;
    check_applicable(path, &portable, options.provided())?;
    let file_nonlinearity = match content.nonlinearity.as_deref() {
        Some("relu") => Some(Nonlinearity::Relu),
        Some("tanh") => Some(Nonlinearity::Tanh),
        _ => None,
    };
    let nonlinearity = options.nonlinearity.or(file_nonlinearity);
    let note = (portable.ambiguous_nonlinearity && nonlinearity.is_none()).then(|| {
        format!(
            "rnn::load: {} does not state whether the units are tanh or relu; tanh is assumed \
             (option `nonlinearity`)",
            path.display()
        )
    });
    let entries = content.entries.iter();
    let entries = entries.filter(|entry| entry.name.starts_with(&selection.prefix));
    let tensors = entries.filter_map(|entry| Some((&*entry.name, entry.tensor.as_ref().ok()?)));
    let not_finite = note_not_finite("rnn::load", path, tensors)?;
    let network = portable.build(CellSettings {
        nonlinearity,
        update_bias: options.update_bias,
    })?;
    Ok((network, [note, not_finite].into_iter().flatten().collect()))
}

fn selection(options: &ImportOptions) -> Selection {
    Selection {
        prefix: options.prefix.clone(),
        readout: options.readout.clone(),
        h0: options.h0.clone(),
        c0: options.c0.clone(),
        dtype: match options.dtype {
            ImportDtype::OfFile => None,
            ImportDtype::F32 => Some(DType::F32),
            ImportDtype::F64 => Some(DType::F64),
        },
    }
}

/// Errors: `Kind` for the first option that does not apply to the network
fn check_applicable(path: &Path, network: &PortableNetwork, options: &[String]) -> Result<()> {
    let torch = network.torch_names;
    let mut cell = network.cell;
    let hyperparameters = cell.hyperparameters();
    let has = |name| hyperparameters.iter().any(|(field, _)| field.name == name);
    let rows = [
        (
            "nonlinearity",
            has("nonlinearity"),
            "a vanilla network (nn.RNN)",
        ),
        (
            "update_bias",
            has("update_bias"),
            "a GRU of the notebooks or an update-gate network",
        ),
        ("h0", torch, "a network of PyTorch"),
        (
            "c0",
            torch && network.cell.initial_states().contains(&"c0"),
            "an LSTM of PyTorch",
        ),
        ("readout", torch, "a network of PyTorch"),
    ];
    let inapplicable = rows
        .iter()
        .find(|(name, applies, _)| !applies && options.iter().any(|option| option == name));
    let Some((name, _, expected)) = inapplicable else {
        return Ok(());
    };
    Err(Error::Kind {
        of: format!("rnn::load: option `{name}`"),
        expected: (*expected).into(),
        found: format!(
            "{} in {}; omit the option",
            describe(network),
            path.display()
        ),
    })
}

fn describe(network: &PortableNetwork) -> String {
    let names = match network.torch_names {
        true => "with the names of PyTorch",
        false => "with the names of the notebooks",
    };
    format!("the cell `{}` {names}", network.cell.name())
}

/// Writes the network as a PyTorch state dict.
pub fn export_network(path: &Path, network: &Network, options: ExportOptions) -> Result<()> {
    let ExportOptions {
        prefix,
        readout,
        first_states,
    } = options;
    let refuse = first_states == InitialStates::Refuse;
    let portable = PortableNetwork::from_network(network, refuse)?;
    let keep_initial_states = first_states == InitialStates::Keep;
    let names = ExportNames {
        prefix,
        readout,
        initial_states: keep_initial_states,
    };
    let cell = network.spec().map(|spec| spec.cell);
    let nonlinearity = cell.and_then(|cell| cell.nonlinearity());
    let metadata = match nonlinearity {
        Some(nonlinearity) => (safetensors::NONLINEARITY, nonlinearity.name()),
        None => safetensors::PYTORCH_FORMAT,
    };
    safetensors::write(path, &portable.to_state_dict(&names)?, metadata)
}

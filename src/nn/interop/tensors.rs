//! The tensors of a file during import. Each tensor is used once, with its shape checked, and
//! unused tensors are reported.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::WeightFile;
use crate::io::weight_file::Entry;
use crate::tensor::{DType, Tensor};

/// The expected tensors, for errors.
const WEIGHTS: &str = "the weights of one recurrent network (weight_ih_l0 and weight_hh_l0 of \
                       PyTorch's nn.RNN, nn.GRU or nn.LSTM; wI and wR, or wRUHX and wCHX)";
/// The largest number of names listed in an error, to keep it readable.
const MAX_NAMES: usize = 24;

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

/// The tensors selected by the prefix.
pub struct TensorTable<'a> {
    path: &'a Path,
    content: &'a WeightFile,
    selection: &'a Selection,
    used: RefCell<HashSet<&'a str>>,
}

impl<'a> TensorTable<'a> {
    pub fn new(
        path: &'a Path,
        content: &'a WeightFile,
        selection: &'a Selection,
    ) -> TensorTable<'a> {
        let used = RefCell::default();
        TensorTable {
            path,
            content,
            selection,
            used,
        }
    }

    /// The unused floating-point tensors whose names start with the prefix.
    pub fn unused(&self) -> impl Iterator<Item = (&'a str, &'a Tensor)> {
        let used = self.used.borrow().clone();
        let prefix = self.selection.prefix.as_str();
        self.readable().filter(move |(name, tensor)| {
            name.starts_with(prefix) && tensor.dtype().is_float() && !used.contains(name)
        })
    }

    /// The names and shapes of all weights with the prefix, in file order. This includes used
    /// weights and weights whose values cannot be read.
    pub fn weights(&self) -> Vec<(&'a str, &'a [usize])> {
        let prefix = self.selection.prefix.as_str();
        let is_weight = |entry: &&Entry| match &entry.tensor {
            Ok(tensor) => tensor.dtype().is_float(),
            Err(why) => why.is_weight(),
        };
        let weights = self.content.entries.iter().filter(is_weight);
        weights
            .filter(|entry| entry.name.starts_with(prefix))
            .map(|entry| (entry.name.as_str(), entry.shape.as_slice()))
            .collect()
    }

    /// All names with the prefix, whatever their content.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let prefix = self.selection.prefix.as_str();
        let names = self.content.entries.iter().map(|entry| entry.name.as_str());
        names.filter(move |name| name.starts_with(prefix))
    }

    /// Marks the tensor `name` as used without reading it.
    pub fn skip(&self, name: &str) {
        if let Some(entry) = self.entry(name) {
            self.used.borrow_mut().insert(&entry.name);
        }
    }

    pub fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    /// Whether the file stores the tensors in the order in which the modules were created.
    pub fn ordered(&self) -> bool {
        self.content.ordered
    }

    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.content.entries.iter().find(|entry| entry.name == name)
    }

    fn readable(&self) -> impl Iterator<Item = (&'a str, &'a Tensor)> {
        let entries = self.content.entries.iter();
        entries.filter_map(|entry| Some((entry.name.as_str(), entry.tensor.as_ref().ok()?)))
    }

    /// The tensor `name`. `expected` describes the axes in errors, as in `[n, i]`.
    ///
    /// Errors: `File` if the tensor is missing or unreadable, if its rank differs from the length
    /// of `sizes`, or if an axis differs from a given size.
    pub fn take(&self, name: &str, sizes: &[Option<usize>], expected: &str) -> Result<Tensor> {
        let tensor = self.take_as_stored(name, sizes, expected)?;
        self.to_network_dtype(&tensor)
    }

    /// The tensor converted to the dtype of the network.
    pub fn to_network_dtype(&self, tensor: &Tensor) -> Result<Tensor> {
        match self.selection.dtype {
            Some(dtype) => Ok(tensor.to_dtype(dtype)?),
            None => Ok(tensor.clone()),
        }
    }

    /// [`TensorTable::take`] in the dtype of the file.
    pub fn take_as_stored(
        &self,
        name: &str,
        sizes: &[Option<usize>],
        expected: &str,
    ) -> Result<Tensor> {
        let Some(entry) = self.entry(name) else {
            let (key, found) = (name.to_string(), self.describe(self.unused()));
            return Err(self.error(FileError::Entry { key, found }));
        };
        let tensor = match &entry.tensor {
            Ok(tensor) => tensor,
            Err(why) => return Err(self.error(why.to_error(name))),
        };
        let dims = tensor.dims();
        let fits = |(size, dim): (&Option<usize>, &usize)| size.is_none_or(|size| size == *dim);
        if dims.len() != sizes.len() || !sizes.iter().zip(dims).all(fits) {
            let (key, found) = (name.to_string(), dims.to_vec());
            let expected = expected.to_string();
            return Err(self.error(FileError::EntryShape {
                key,
                expected,
                found,
            }));
        }
        if !tensor.dtype().is_float() {
            let (key, found) = (name.to_string(), tensor.dtype().as_str().to_string());
            return Err(self.error(FileError::EntryKind { key, found }));
        }
        self.used.borrow_mut().insert(&entry.name);
        Ok(tensor.clone())
    }

    /// The tensor `name` with exactly this shape.
    ///
    /// Errors: as [`TensorTable::take`]
    pub fn take_shape(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let sizes: Vec<Option<usize>> = shape.iter().copied().map(Some).collect();
        self.take(name, &sizes, &format!("{shape:?}"))
    }

    /// The tensor name that the caller selected for the initial state `h0` or `c0`.
    pub fn initial_state(&self, block: &str) -> Option<&'a str> {
        let name = match block {
            "h0" => &self.selection.h0,
            _ => &self.selection.c0,
        };
        Some(name.as_str()).filter(|name| !name.is_empty())
    }

    /// The readout name that the caller selected.
    pub fn readout(&self) -> Option<&'a str> {
        Some(self.selection.readout.as_str()).filter(|name| !name.is_empty())
    }

    pub fn error(&self, fact: FileError) -> Error {
        Error::file(self.path, fact)
    }

    /// The error for a file without a network.
    pub fn no_network(&self) -> Error {
        if self.selection.prefix.is_empty() {
            let hint = "build a network from plain tensors with `set` or `load_params`";
            return self.unexpected(WEIGHTS, self.all_names(), hint);
        }
        let prefix = &self.selection.prefix;
        let expected = format!("a recurrent network whose names start with `{prefix}`");
        let hint = "set the option `prefix` to one of these prefixes, or omit it";
        self.unexpected(&expected, self.all_prefixes(), hint)
    }

    /// The prefixes of all names in the file, up to the last component.
    fn all_prefixes(&self) -> Vec<String> {
        let names = self.content.entries.iter().map(|entry| &entry.name);
        let mut prefixes: Vec<String> = names
            .map(|name| format!("`{}`", parent_path(name)))
            .collect();
        prefixes.sort();
        prefixes.dedup();
        let count = prefixes.len();
        if count > MAX_NAMES {
            prefixes.truncate(MAX_NAMES);
            prefixes.push(format!("and {} more", count - MAX_NAMES));
        }
        let none = prefixes.iter_mut().filter(|prefix| *prefix == "``");
        none.for_each(|prefix| *prefix = "names without a prefix".into());
        prefixes
    }

    /// The error for a file with more than one network.
    pub fn multiple_networks(&self, prefixes: Vec<String>) -> Error {
        let found = prefixes
            .iter()
            .map(|prefix| format!("one at `{prefix}`"))
            .collect();
        self.unexpected(
            "one recurrent network",
            found,
            "select one with the option `prefix`",
        )
    }

    /// The error for tensors that do not belong to a supported network.
    pub fn unexpected(&self, expected: &str, found: Vec<String>, hint: &'static str) -> Error {
        let expected = expected.to_string();
        self.error(FileError::Network {
            expected,
            found,
            hint,
        })
    }

    /// Errors: `File` if a tensor is unused
    pub fn check_all_used(&self) -> Result<()> {
        let unused = self.describe(self.unused());
        if unused.is_empty() {
            return Ok(());
        }
        let expected = "only a recurrent network with a linear readout";
        let found = std::iter::once(format!("also {}", unused[0]));
        let found = found.chain(unused.into_iter().skip(1)).collect();
        let hint = "select the tensors of the network with the options `prefix` and \
                    `readout`, and its initial states with `h0` and `c0`";
        Err(self.unexpected(expected, found, hint))
    }

    fn all_names(&self) -> Vec<String> {
        self.describe(self.readable())
    }

    /// Names with shapes.
    pub fn describe<'b>(&self, named: impl Iterator<Item = (&'b str, &'b Tensor)>) -> Vec<String> {
        let mut names: Vec<String> = named
            .map(|(name, tensor)| format!("{name} {:?}", tensor.dims()))
            .collect();
        if names.len() > MAX_NAMES {
            let more = names.len() - MAX_NAMES;
            names.truncate(MAX_NAMES);
            names.push(format!("and {more} more"));
        }
        names
    }
}

/// The last component of a name.
pub fn base_name(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// A name up to its last component.
pub fn parent_path(name: &str) -> &str {
    &name[..name.len() - base_name(name).len()]
}

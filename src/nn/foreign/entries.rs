//! The tensors of a file while a network is made of them: each is taken once, with its shape
//! checked, and what is left over is told.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use super::Choice;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::Content;
use crate::io::named::Entry;
use crate::tensor::Tensor;

/// What a network of PyTorch is told by.
const WEIGHTS: &str = "the weights of one recurrent network (weight_ih_l0 and weight_hh_l0 of \
                       PyTorch's nn.RNN, nn.GRU or nn.LSTM; wI and wR, or wRUHX and wCHX)";
/// More names than this in a fault would hide what it says.
const SHOWN: usize = 24;

/// The tensors that count.
pub struct Entries<'a> {
    path: &'a Path,
    content: &'a Content,
    choice: &'a Choice,
    taken: RefCell<HashSet<&'a str>>,
}

impl<'a> Entries<'a> {
    pub fn new(path: &'a Path, content: &'a Content, choice: &'a Choice) -> Entries<'a> {
        let taken = RefCell::default();
        Entries {
            path,
            content,
            choice,
            taken,
        }
    }

    /// The tensors of floats whose names begin with the prefix and which are not taken yet.
    pub fn left(&self) -> impl Iterator<Item = (&'a str, &'a Tensor)> {
        let taken = self.taken.borrow().clone();
        let prefix = self.choice.prefix.as_str();
        self.readable().filter(move |(name, tensor)| {
            name.starts_with(prefix) && tensor.dtype().is_float() && !taken.contains(name)
        })
    }

    /// The names and shapes of all weights that count, in the order of the file: also of those that
    /// were taken, and of those whose numbers cannot be read here.
    pub fn weights(&self) -> Vec<(&'a str, &'a [usize])> {
        let prefix = self.choice.prefix.as_str();
        let is_weight = |entry: &&Entry| match &entry.tensor {
            Ok(tensor) => tensor.dtype().is_float(),
            Err(why) => why.is_weight(),
        };
        let entries = self.content.entries.iter().filter(is_weight);
        entries
            .filter(|entry| entry.name.starts_with(prefix))
            .map(|entry| (entry.name.as_str(), entry.shape.as_slice()))
            .collect()
    }

    /// All names that count, whatever is behind them.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let prefix = self.choice.prefix.as_str();
        let names = self.content.entries.iter().map(|entry| entry.name.as_str());
        names.filter(move |name| name.starts_with(prefix))
    }

    /// The tensor called `name` is not needed.
    pub fn pass_over(&self, name: &str) {
        if let Some(entry) = self.entry(name) {
            self.taken.borrow_mut().insert(&entry.name);
        }
    }

    pub fn is_taken(&self, name: &str) -> bool {
        self.taken.borrow().contains(name)
    }

    /// Whether the entries stand in the order in which the modules were made.
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

    /// The tensor called `name`; `expected` says its axes, as in `[n, i]`.
    ///
    /// Errors: `File` if there is none, if it cannot be read, or if it does not have as many axes
    /// as `sizes` has members, or another size on an axis of which one is given.
    pub fn take(&self, name: &str, sizes: &[Option<usize>], expected: &str) -> Result<Tensor> {
        let tensor = self.take_as_stored(name, sizes, expected)?;
        self.converted(&tensor)
    }

    /// The tensor in the dtype that the network will have.
    pub fn converted(&self, tensor: &Tensor) -> Result<Tensor> {
        match self.choice.dtype {
            Some(dtype) => Ok(tensor.to_dtype(dtype)?),
            None => Ok(tensor.clone()),
        }
    }

    /// As [`Entries::take`], in the dtype of the file.
    pub fn take_as_stored(
        &self,
        name: &str,
        sizes: &[Option<usize>],
        expected: &str,
    ) -> Result<Tensor> {
        let Some(entry) = self.entry(name) else {
            let (key, found) = (name.to_string(), self.shown(self.left()));
            return Err(self.fault(FileFault::Entry { key, found }));
        };
        let tensor = match &entry.tensor {
            Ok(tensor) => tensor,
            Err(why) => return Err(self.fault(why.fault(name))),
        };
        let dims = tensor.dims();
        let fits = |(size, dim): (&Option<usize>, &usize)| size.is_none_or(|size| size == *dim);
        if dims.len() != sizes.len() || !sizes.iter().zip(dims).all(fits) {
            let (key, found) = (name.to_string(), dims.to_vec());
            let expected = expected.to_string();
            return Err(self.fault(FileFault::EntryShape {
                key,
                expected,
                found,
            }));
        }
        if !tensor.dtype().is_float() {
            let (key, found) = (name.to_string(), tensor.dtype().as_str().to_string());
            return Err(self.fault(FileFault::EntryKind { key, found }));
        }
        self.taken.borrow_mut().insert(&entry.name);
        Ok(tensor.clone())
    }

    /// The tensor called `name`, of exactly this shape.
    ///
    /// Errors: as [`Entries::take`]
    pub fn take_shape(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let sizes: Vec<Option<usize>> = shape.iter().copied().map(Some).collect();
        self.take(name, &sizes, &format!("{shape:?}"))
    }

    /// The tensor that the caller named for the states that a network begins with, `h0` or `c0`.
    pub fn first_state(&self, block: &str) -> Option<&'a str> {
        let name = match block {
            "h0" => &self.choice.h0,
            _ => &self.choice.c0,
        };
        Some(name.as_str()).filter(|name| !name.is_empty())
    }

    /// The readout that the caller named.
    pub fn readout(&self) -> Option<&'a str> {
        Some(self.choice.readout.as_str()).filter(|name| !name.is_empty())
    }

    pub fn fault(&self, fact: FileFault) -> Error {
        Error::file(self.path, fact)
    }

    /// There is nothing to make a network of.
    pub fn no_network(&self) -> Error {
        let hint = match self.choice.prefix.is_empty() {
            true => "a network can be made of plain tensors with `set` and `load_params`",
            false => "the option `prefix` leaves out tensors whose names begin otherwise",
        };
        self.strange(WEIGHTS, self.all(), hint)
    }

    /// There is more than one network.
    pub fn several(&self, prefixes: Vec<String>) -> Error {
        let found = prefixes
            .iter()
            .map(|prefix| format!("one at `{prefix}`"))
            .collect();
        self.strange(
            "one recurrent network",
            found,
            "pick one with the option `prefix`",
        )
    }

    /// Something that is not a part of any network that can be made here.
    pub fn strange(&self, expected: &str, found: Vec<String>, hint: &'static str) -> Error {
        let expected = expected.to_string();
        self.fault(FileFault::Network {
            expected,
            found,
            hint,
        })
    }

    /// Errors: `File` if a tensor was not taken
    pub fn none_left(&self) -> Result<()> {
        let left = self.shown(self.left());
        if left.is_empty() {
            return Ok(());
        }
        let expected = "a recurrent network with a linear readout and nothing else";
        let found = std::iter::once(format!("also {}", left[0]));
        let found = found.chain(left.into_iter().skip(1)).collect();
        let hint = "say which tensors belong to the network with the options `prefix` and \
                    `readout`, and which are its initial states with `h0` and `c0`";
        Err(self.strange(expected, found, hint))
    }

    fn all(&self) -> Vec<String> {
        self.shown(self.readable())
    }

    /// Names with shapes.
    pub fn shown<'b>(&self, named: impl Iterator<Item = (&'b str, &'b Tensor)>) -> Vec<String> {
        let mut shown: Vec<String> = named
            .map(|(name, tensor)| format!("{name} {:?}", tensor.dims()))
            .collect();
        if shown.len() > SHOWN {
            let more = shown.len() - SHOWN;
            shown.truncate(SHOWN);
            shown.push(format!("and {more} more"));
        }
        shown
    }
}

/// The last part of a name.
pub fn last(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// The beginning of a name, before its last part.
pub fn before(name: &str) -> &str {
    &name[..name.len() - last(name).len()]
}

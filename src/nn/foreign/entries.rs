//! The tensors of a file while a network is made of them: each is taken once, with its shape
//! checked, and what is left over is told.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use super::Choice;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::Named;
use crate::tensor::Tensor;

/// What a network of PyTorch is told by.
const WEIGHTS: &str = "the weights of one recurrent network (weight_ih_l0 and weight_hh_l0 of \
                       PyTorch's nn.RNN, nn.GRU or nn.LSTM; wI and wR, or wRUHX and wCHX)";
/// More names than this in a fault would hide what it says.
const SHOWN: usize = 24;

/// The tensors that count.
pub struct Entries<'a> {
    path: &'a Path,
    named: &'a Named,
    choice: &'a Choice,
    taken: RefCell<HashSet<&'a str>>,
}

impl<'a> Entries<'a> {
    pub fn new(path: &'a Path, named: &'a Named, choice: &'a Choice) -> Entries<'a> {
        let taken = RefCell::default();
        Entries {
            path,
            named,
            choice,
            taken,
        }
    }

    /// The tensors of floats whose names begin with the prefix and which are not taken yet.
    pub fn left(&self) -> impl Iterator<Item = (&'a str, &'a Tensor)> {
        let taken = self.taken.borrow().clone();
        let prefix = self.choice.prefix.as_str();
        let named = self
            .named
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor));
        named.filter(move |(name, tensor)| {
            name.starts_with(prefix) && tensor.dtype().is_float() && !taken.contains(name)
        })
    }

    pub fn has(&self, name: &str) -> bool {
        self.named.iter().any(|(known, _)| known == name)
    }

    /// The tensor called `name`; `expected` says its axes, as in `[n, i]`.
    ///
    /// Errors: `File` if there is none, or if it does not have as many axes as `sizes` has members,
    /// or another size on an axis of which one is given.
    pub fn take(&self, name: &str, sizes: &[Option<usize>], expected: &str) -> Result<Tensor> {
        let Some((known, tensor)) = self.named.iter().find(|(known, _)| known == name) else {
            let (key, found) = (name.to_string(), self.shown(self.left()));
            return Err(self.fault(FileFault::Entry { key, found }));
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
        self.taken.borrow_mut().insert(known);
        match self.choice.dtype {
            Some(dtype) => Ok(tensor.to_dtype(dtype)?),
            None => Ok(tensor.clone()),
        }
    }

    /// The tensor called `name`, of exactly this shape.
    ///
    /// Errors: as [`Entries::take`]
    pub fn take_shape(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let sizes: Vec<Option<usize>> = shape.iter().copied().map(Some).collect();
        self.take(name, &sizes, &format!("{shape:?}"))
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
        let hint =
            "say which tensors belong to the network with the options `prefix` and `readout`";
        Err(self.strange(expected, found, hint))
    }

    fn all(&self) -> Vec<String> {
        let named = self.named.iter();
        self.shown(named.map(|(name, tensor)| (name.as_str(), tensor)))
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

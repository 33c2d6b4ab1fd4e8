//! The kinds of files that this program writes, recognised by their attributes: a file of another
//! kind than a function reads is reported together with the function that reads it. Also the note
//! on parameters that are not finite, for all kinds of networks.

use std::path::Path;

use super::context::Context;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::figure::serialize::CONTENT;
use crate::io::hdf5::Content;
use crate::io::{Map, Tree};
use crate::models::{force, lfads};
use crate::nn::metadata;
use crate::tensor::{Tensor, convert};
use crate::train;

/// The `holds` attribute of a file of fixed points.
pub const POINTS_KIND: &str = "fixed points of a recurrent network";

/// A kind of file: an attribute with its value, a description, and how to read the file.
struct FileKind {
    attribute: &'static str,
    value: &'static str,
    found: &'static str,
    hint: &'static str,
}

const KINDS: [FileKind; 5] = [
    FileKind {
        attribute: "what",
        value: force::serialize::KIND,
        found: "a force network",
        hint: "load it with force::load(path); its method `ctrnn` returns the equivalent rate \
               network for fixed points and Jacobians",
    },
    FileKind {
        attribute: "what",
        value: lfads::serialize::KIND,
        found: "an lfads model",
        hint: "load it with lfads::load(path)",
    },
    FileKind {
        attribute: "what",
        value: train::CHECKPOINT_KIND,
        found: "a checkpoint of a training run",
        hint: "train with the option `checkpoint` to continue the run; h5::read reads its arrays",
    },
    FileKind {
        attribute: "holds",
        value: POINTS_KIND,
        found: "fixed points",
        hint: "load them with fixed_points::load(path)",
    },
    FileKind {
        attribute: "holds",
        value: CONTENT,
        found: "a figure",
        hint: "load it with plot::load(path)",
    },
];

/// The error for a file with other contents than `expected`, if this program wrote it.
/// `attributes` are those of the file.
pub fn other_kind_error(path: &Path, attributes: &Map, expected: &str) -> Option<Error> {
    let is_kind = |kind: &&FileKind| match attributes.get(kind.attribute) {
        Some(Tree::Text(value)) => value == kind.value,
        _ => false,
    };
    let kind = KINDS.iter().find(is_kind);
    let (found, hint) = match kind {
        Some(kind) => (kind.found, kind.hint),
        None if metadata::is_complete(attributes) => {
            ("a recurrent network", "load it with rnn::load(path)")
        }
        None => return None,
    };
    let (expected, found) = (expected.into(), vec![found.into()]);
    let fact = FileError::Network {
        expected,
        found,
        hint,
    };
    Some(Error::file(path, fact))
}

/// The tensors of a file without nested maps, with their names.
pub fn tensors(entries: &Map) -> impl Iterator<Item = (&str, &Tensor)> {
    entries.iter().filter_map(|(name, entry)| match entry {
        Tree::Tensor(tensor) => Some((name.as_str(), tensor)),
        _ => None,
    })
}

/// The error for a file with other contents than `expected`. If this program did not write it, the
/// error lists its entries.
pub fn unexpected_content(
    path: &Path,
    content: &Content,
    expected: &str,
    hint: &'static str,
) -> Error {
    let attributes = content.attributes.get("").cloned().unwrap_or_default();
    other_kind_error(path, &attributes, expected).unwrap_or_else(|| {
        let (expected, found) = (expected.into(), content.tree.paths());
        let fact = FileError::Network {
            expected,
            found,
            hint,
        };
        Error::file(path, fact)
    })
}

/// Prints a note if a parameter in a file has a value that is not finite; `of` names the function.
///
/// Errors: a dtype that cannot be converted to f64
pub fn print_not_finite(cx: &Context, of: &str, path: &Path, tree: &Tree) -> Result<()> {
    if let Tree::Map(entries) = tree
        && let Some(note) = note_not_finite(of, path, tensors(entries))?
    {
        cx.terminal.print(&note);
    }
    Ok(())
}

/// A note that names the first parameter with a value that is not finite; `of` names the function.
///
/// Errors: a dtype that cannot be converted to f64
pub fn note_not_finite<'a>(
    of: &str,
    path: &Path,
    parameters: impl Iterator<Item = (&'a str, &'a Tensor)>,
) -> Result<Option<String>> {
    for (name, tensor) in parameters.filter(|(_, tensor)| tensor.dtype().is_float()) {
        let values = convert::to_f64(tensor)?;
        let Some(first) = values.iter().position(|x| !x.is_finite()) else {
            continue;
        };
        let mut rest = first;
        let mut index: Vec<usize> = tensor
            .dims()
            .iter()
            .rev()
            .map(|size| {
                let position = rest % size;
                rest /= size;
                position
            })
            .collect();
        index.reverse();
        let count = values.iter().filter(|x| !x.is_finite()).count();
        return Ok(Some(format!(
            "{of}: {}: parameter `{name}` has {count} values that are not finite, the first is {} \
             at {index:?}: states and outputs will not be finite either",
            path.display(),
            values[first],
        )));
    }
    Ok(None)
}

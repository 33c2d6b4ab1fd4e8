//! The linear readout of a PyTorch network: `weight` [o, d n] and `bias` [o] under any name.
//!
//! An `nn.Embedding` or an encoder before the network may have the same shape. They are
//! distinguished by the name, then by the order of the modules (if the file preserves it), then by
//! the bias, which an embedding lacks. A matrix that may be located before the network is only used
//! if the caller names it.

use super::portable::PortableNetwork;
use super::tensors::{TensorTable, base_name, parent_path};
use crate::base::Result;
use crate::tensor::Tensor;

/// Substrings of the names of readouts.
const READOUT_PARTS: [&str; 8] = [
    "readout", "out", "decod", "head", "classif", "predict", "h2o", "final",
];
/// Substrings of the names of modules before the network.
const ENCODER_PARTS: [&str; 7] = ["emb", "encod", "input", "in_proj", "i2h", "_in", "in_"];
/// Whole name components that indicate a module before the network.
const ENCODER_NAMES: [&str; 2] = ["in", "enc"];

/// A matrix whose shape fits a readout.
struct Candidate<'a> {
    /// The name up to `weight`.
    name: &'a str,
    shape: &'a [usize],
    /// Whether the matrix may be located before the network.
    ambiguous: bool,
}

/// Adds the readout, if there is one: the one that the caller named, otherwise the only one with a
/// matching shape. `recurrent` is the name prefix of the recurrent layers.
///
/// Errors: `File` if there are several, or if the named one is missing or has the wrong shape
pub fn read(table: &TensorTable, portable: &mut PortableNetwork, recurrent: &str) -> Result<()> {
    let name = match table.readout() {
        Some(selected) => {
            let name = format!("{}.", selected.trim_end_matches('.'));
            skip_others(table, portable, recurrent, &name);
            name
        }
        None => match pick(table, portable, recurrent)? {
            Some(found) => found,
            None => return Ok(()),
        },
    };
    let width = portable.readout_inputs();
    let axes = format!("[o, {width}]");
    let w_out = table.take(&format!("{name}weight"), &[None, Some(width)], &axes)?;
    let outputs = w_out.dims()[0];
    let bias = format!("{name}bias");
    let b_out = match table.has(&bias) {
        true => table.take_shape(&bias, &[outputs])?,
        false => Tensor::zeros(outputs, w_out.dtype(), w_out.device())?,
    };
    portable.outputs = outputs;
    portable
        .blocks
        .extend([("wO".into(), w_out), ("bO".into(), b_out)]);
    Ok(())
}

/// Marks the readouts other than the selected one as used. A matrix that may be located before the
/// network remains unused and is reported.
fn skip_others(table: &TensorTable, portable: &PortableNetwork, recurrent: &str, selected: &str) {
    if !table.has(&format!("{selected}weight")) {
        return;
    }
    let all = candidates(table, portable, recurrent).into_iter();
    for other in all.filter(|one| !one.ambiguous && one.name != selected) {
        for part in ["weight", "bias"] {
            table.skip(&format!("{}{part}", other.name));
        }
    }
}

/// The name of the only readout, up to `weight`; `None` if no matrix fits.
fn pick(
    table: &TensorTable,
    portable: &PortableNetwork,
    recurrent: &str,
) -> Result<Option<String>> {
    let all = candidates(table, portable, recurrent);
    let clear: Vec<&Candidate> = all.iter().filter(|one| !one.ambiguous).collect();
    match (clear.as_slice(), all.as_slice()) {
        (_, []) => Ok(None),
        ([one], _) => Ok(Some(one.name.to_string())),
        _ => {
            let found = all.iter();
            let found = found.map(|one| format!("{}weight {:?}", one.name, one.shape));
            let hint = "select the readout with the option `readout`; if none of them is a \
                        readout, exclude them with the option `prefix`";
            Err(table.unexpected("one linear readout", found.collect(), hint))
        }
    }
}

fn candidates<'a>(
    table: &TensorTable<'a>,
    portable: &PortableNetwork,
    recurrent: &str,
) -> Vec<Candidate<'a>> {
    let width = portable.readout_inputs();
    let all = table.weights();
    let first = all
        .iter()
        .position(|(name, _)| parent_path(name) == recurrent)
        .filter(|_| table.ordered());
    let fits = |(name, shape): &(&str, &[usize])| {
        base_name(name) == "weight" && shape.len() == 2 && shape[1] == width
    };
    let candidate = |(at, (name, shape)): (usize, &(&'a str, &'a [usize]))| {
        let name = parent_path(name);
        let has_bias = table.has(&format!("{name}bias"));
        let earlier = first.map(|first| at < first);
        Candidate {
            name,
            shape,
            ambiguous: ambiguous(relative_name(name, recurrent), earlier, has_bias),
        }
    };
    let numbered = all.iter().enumerate();
    numbered
        .filter(|(_, one)| fits(one) && !table.is_used(one.0))
        .map(candidate)
        .collect()
}

/// Whether a matrix may be located before the network, according to its name, whether it is stored
/// `earlier` than the recurrent layers (if known), and whether it has a bias.
fn ambiguous(name: &str, earlier: Option<bool>, has_bias: bool) -> bool {
    let name = name.to_lowercase();
    if READOUT_PARTS.iter().any(|word| name.contains(word)) {
        return false;
    }
    let is_encoder = name
        .split(['.', '/'])
        .any(|part| ENCODER_NAMES.contains(&part));
    if is_encoder || ENCODER_PARTS.iter().any(|word| name.contains(word)) {
        return true;
    }
    earlier.unwrap_or(!has_bias)
}

/// A name without the module path that it shares with the recurrent layers.
fn relative_name<'a>(name: &'a str, recurrent: &str) -> &'a str {
    let mut same = 0;
    for (at, letter) in name.char_indices() {
        let same_letter = recurrent
            .get(at..)
            .is_some_and(|rest| rest.starts_with(letter));
        if !same_letter {
            break;
        }
        if ['.', '/'].contains(&letter) {
            same = at + 1;
        }
    }
    name[same..].trim_end_matches(['.', '/'])
}

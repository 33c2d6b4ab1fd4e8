//! The linear readout beside a network of PyTorch: `weight` [o, d n] and `bias` [o] under any name.
//!
//! An `nn.Embedding` or an encoder before the network may have the same shape. The name tells them
//! apart, then the order of the modules (as far as the file keeps it), then the bias, which an
//! embedding lacks. What may as well come before the network is never taken without being named.

use super::Foreign;
use super::entries::{Entries, before, last};
use crate::base::Result;
use crate::tensor::Tensor;

/// What a readout is called, in part.
const READOUT: [&str; 8] = [
    "readout", "out", "decod", "head", "classif", "predict", "h2o", "final",
];
/// What a module before the network is called, in part.
const ENCODER: [&str; 7] = ["emb", "encod", "input", "in_proj", "i2h", "_in", "in_"];
/// A name without an end that says what comes before the network.
const INTO: [&str; 2] = ["in", "enc"];

/// A matrix that can read the state.
struct Candidate<'a> {
    /// Up to its `weight`.
    name: &'a str,
    shape: &'a [usize],
    /// It may as well come before the network.
    doubtful: bool,
}

/// Adds the readout, if there is one: that of the name which the caller gave, else the only one of
/// a shape that fits. `recurrent` is the beginning of the names of the recurrent layers.
///
/// Errors: `File` if there are several, or the named one is missing or of another shape
pub fn read(entries: &Entries, foreign: &mut Foreign, recurrent: &str) -> Result<()> {
    let name = match entries.readout() {
        Some(chosen) => {
            let name = format!("{}.", chosen.trim_end_matches('.'));
            pass_over_others(entries, foreign, recurrent, &name);
            name
        }
        None => match pick(entries, foreign, recurrent)? {
            Some(found) => found,
            None => return Ok(()),
        },
    };
    let read = foreign.read();
    let axes = format!("[o, {read}]");
    let w_out = entries.take(&format!("{name}weight"), &[None, Some(read)], &axes)?;
    let outputs = w_out.dims()[0];
    let bias = format!("{name}bias");
    let b_out = match entries.has(&bias) {
        true => entries.take_shape(&bias, &[outputs])?,
        false => Tensor::zeros(outputs, w_out.dtype(), w_out.device())?,
    };
    foreign.outputs = outputs;
    foreign
        .blocks
        .extend([("wO".into(), w_out), ("bO".into(), b_out)]);
    Ok(())
}

/// The caller chose one of several readouts: the others are not needed. What may come before the
/// network is.
fn pass_over_others(entries: &Entries, foreign: &Foreign, recurrent: &str, chosen: &str) {
    if !entries.has(&format!("{chosen}weight")) {
        return;
    }
    let all = candidates(entries, foreign, recurrent).into_iter();
    for other in all.filter(|one| !one.doubtful && one.name != chosen) {
        for part in ["weight", "bias"] {
            entries.pass_over(&format!("{}{part}", other.name));
        }
    }
}

/// The name of the only matrix that is the readout, up to its `weight`; none if none fits.
fn pick(entries: &Entries, foreign: &Foreign, recurrent: &str) -> Result<Option<String>> {
    let all = candidates(entries, foreign, recurrent);
    let clear: Vec<&Candidate> = all.iter().filter(|one| !one.doubtful).collect();
    match (clear.as_slice(), all.as_slice()) {
        (_, []) => Ok(None),
        ([one], _) => Ok(Some(one.name.to_string())),
        _ => {
            let found = all.iter();
            let found = found.map(|one| format!("{}weight {:?}", one.name, one.shape));
            let hint = "name the readout with the option `readout`; if none of them is one, leave \
                        them out with the option `prefix`";
            Err(entries.strange("one linear readout", found.collect(), hint))
        }
    }
}

fn candidates<'a>(entries: &Entries<'a>, foreign: &Foreign, recurrent: &str) -> Vec<Candidate<'a>> {
    let read = foreign.read();
    let all = entries.weights();
    let first = all
        .iter()
        .position(|(name, _)| before(name) == recurrent)
        .filter(|_| entries.ordered());
    let fits = |(name, shape): &(&str, &[usize])| {
        last(name) == "weight" && shape.len() == 2 && shape[1] == read
    };
    let candidate = |(at, (name, shape)): (usize, &(&'a str, &'a [usize]))| {
        let name = before(name);
        let biased = entries.has(&format!("{name}bias"));
        let earlier = first.map(|first| at < first);
        Candidate {
            name,
            shape,
            doubtful: doubtful(apart(name, recurrent), earlier, biased),
        }
    };
    let numbered = all.iter().enumerate();
    numbered
        .filter(|(_, one)| fits(one) && !entries.is_taken(one.0))
        .map(candidate)
        .collect()
}

/// Whether a matrix may come before the network, by its name, whether it is made `earlier` (if that
/// is known) and whether it has a bias.
fn doubtful(name: &str, earlier: Option<bool>, biased: bool) -> bool {
    let name = name.to_lowercase();
    if READOUT.iter().any(|word| name.contains(word)) {
        return false;
    }
    let into = name.split(['.', '/']).any(|part| INTO.contains(&part));
    if into || ENCODER.iter().any(|word| name.contains(word)) {
        return true;
    }
    earlier.unwrap_or(!biased)
}

/// A name without the modules that it has in common with the recurrent layers.
fn apart<'a>(name: &'a str, recurrent: &str) -> &'a str {
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

//! What a checkpoint says of a network beside its weights: `hyper_parameters` of Lightning, and
//! what training scripts call so.

use super::pickle::{Item, Pickle, Place};
use super::state::text;

/// Under which names a checkpoint keeps the options of its network.
const KEPT: [&str; 8] = [
    "hyper_parameters",
    "hyperparameters",
    "hparams",
    "hparams_dict",
    "config",
    "cfg",
    "args",
    "options",
];
/// What an option is called that says the nonlinearity, the surest first.
const NAMES: [&str; 3] = ["nonlinearity", "activation", "act"];
/// What PyTorch calls its two modes of an RNN.
const MODES: [(&str, &str); 2] = [("RNN_RELU", "relu"), ("RNN_TANH", "tanh")];
/// Dictionaries in dictionaries.
const DEPTH: usize = 8;

/// The nonlinearity ("relu" or "tanh") that the options in a checkpoint say; none if they say
/// nothing, or two things.
pub fn nonlinearity(pickle: &Pickle) -> Option<&'static str> {
    let Item::Dict(root) = pickle.item(pickle.root()) else {
        return None;
    };
    let mut options = Vec::new();
    for (key, value) in root {
        match text(pickle, *key) {
            Some(key) if KEPT.contains(&key) => gather(pickle, *value, DEPTH, &mut options),
            Some(key) => options.extend(text(pickle, *value).map(|value| (key, value))),
            None => {}
        }
    }
    let said = |name: &&str| agreed(options.iter().filter(|(key, _)| is(key, name)).map(|o| o.1));
    let mode = || {
        agreed(
            options
                .iter()
                .map(|(_, value)| *value)
                .filter(|v| v.contains("RNN_")),
        )
    };
    NAMES.iter().find_map(said).or_else(mode)
}

/// Whether an option is called so, or ends so, as in `rnn_nonlinearity`.
fn is(key: &str, name: &str) -> bool {
    let end = key.strip_suffix(name);
    end.is_some_and(|before| before.is_empty() || before.ends_with(['_', '.', '-']))
}

/// All texts of dictionaries in each other, by their last names.
fn gather<'a>(pickle: &'a Pickle, at: Place, depth: usize, into: &mut Vec<(&'a str, &'a str)>) {
    let Item::Dict(entries) = pickle.item(at) else {
        return;
    };
    for (key, value) in entries {
        if let (Some(key), Some(value)) = (text(pickle, *key), text(pickle, *value)) {
            into.push((key, value));
        } else if depth > 0 {
            gather(pickle, *value, depth - 1, into);
        }
    }
}

/// The one nonlinearity that these values name.
fn agreed<'a>(values: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let known = |value: &str| {
        let mode = MODES.iter().find(|(mode, word)| {
            value == *mode || value.to_lowercase().trim_start_matches("torch.") == *word
        });
        mode.map(|(_, word)| *word)
    };
    let mut found = values.filter_map(known);
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

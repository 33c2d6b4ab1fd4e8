//! The nonlinearity of a network, from the hyperparameters of a checkpoint: `hyper_parameters` of
//! Lightning, and the names that training scripts use.

use super::pickle::{Index, Item, Pickle};
use super::state_dict::text;

/// Keys under which checkpoints store the options of the network.
const OPTION_KEYS: [&str; 8] = [
    "hyper_parameters",
    "hyperparameters",
    "hparams",
    "hparams_dict",
    "config",
    "cfg",
    "args",
    "options",
];
/// Option names that specify the nonlinearity, in order of precedence.
const NAMES: [&str; 3] = ["nonlinearity", "activation", "act"];
/// The names of PyTorch's two RNN modes.
const MODES: [(&str, &str); 2] = [("RNN_RELU", "relu"), ("RNN_TANH", "tanh")];
/// Maximum nesting depth of dictionaries.
const DEPTH: usize = 8;

/// The nonlinearity ("relu" or "tanh") in the options of a checkpoint; None if they are silent or
/// contradictory.
pub fn nonlinearity(pickle: &Pickle) -> Option<&'static str> {
    let Item::Dict(root) = pickle.item(pickle.root()) else {
        return None;
    };
    let mut options = Vec::new();
    for (key, value) in root {
        match text(pickle, *key) {
            Some(key) if OPTION_KEYS.contains(&key) => {
                collect_texts(pickle, *value, DEPTH, &mut options)
            }
            Some(key) => options.extend(text(pickle, *value).map(|value| (key, value))),
            None => {}
        }
    }
    let from_name = |name: &&str| {
        unanimous(
            options
                .iter()
                .filter(|(key, _)| has_name(key, name))
                .map(|o| o.1),
        )
    };
    let from_mode = || {
        unanimous(
            options
                .iter()
                .map(|(_, value)| *value)
                .filter(|v| v.contains("RNN_")),
        )
    };
    NAMES.iter().find_map(from_name).or_else(from_mode)
}

/// Whether an option has this name, possibly with a prefix as in `rnn_nonlinearity`.
fn has_name(key: &str, name: &str) -> bool {
    let prefix = key.strip_suffix(name);
    prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with(['_', '.', '-']))
}

/// Collects all text values of nested dictionaries under their innermost keys.
fn collect_texts<'a>(
    pickle: &'a Pickle,
    index: Index,
    depth: usize,
    into: &mut Vec<(&'a str, &'a str)>,
) {
    let Item::Dict(entries) = pickle.item(index) else {
        return;
    };
    for (key, value) in entries {
        if let (Some(key), Some(value)) = (text(pickle, *key), text(pickle, *value)) {
            into.push((key, value));
        } else if depth > 0 {
            collect_texts(pickle, *value, depth - 1, into);
        }
    }
}

/// The nonlinearity, if all values that name one agree.
fn unanimous<'a>(values: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let known = |value: &str| {
        let mode = MODES.iter().find(|(mode, name)| {
            value == *mode || value.to_lowercase().trim_start_matches("torch.") == *name
        });
        mode.map(|(_, name)| *name)
    };
    let mut names = values.filter_map(known);
    let first = names.next()?;
    names.all(|other| other == first).then_some(first)
}

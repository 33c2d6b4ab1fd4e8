//! Labels of trials, such as the coherence or the condition: further entries of a batch or a data
//! set, with one element or row per trial. They stay with their trials; training ignores them.

use std::collections::BTreeMap;

use super::convert::ExactTensor;
use super::diagnostic::Diagnostic;
use super::value::{FromValue, Map, Value};
use crate::base::{Error, synonyms};
use crate::tensor::{Device, Tensor};

/// The names of the other entries of a batch or data set.
pub const ENTRIES: [&str; 4] = ["inputs", "targets", "mask", "lengths"];

/// The kinds of values, in the words of an error message.
const EXPECTED: &str = "a tensor [n, ..] or a list of n strings, one per trial";

/// The labels of trials by name.
#[derive(Debug, Clone, Default)]
pub struct Labels(BTreeMap<String, Label>);

#[derive(Debug, Clone)]
enum Label {
    /// Rows along the first axis.
    Rows(Tensor),
    Texts(Vec<String>),
}

/// Removes the labels from the entries of a batch or data set: all entries that it does not define.
/// `of` names the function in errors.
///
/// Errors: `Unknown` for a misspelled entry
pub fn separate(of: &str, entries: &mut Map) -> Result<Map, Error> {
    let names = other_names(of, entries)?.into_iter();
    Ok(names
        .filter_map(|name| entries.remove_entry(&name))
        .collect())
}

impl Labels {
    /// The labels of `trials` trials.
    ///
    /// Errors: `Kind` for a value that is no label; a wrong number of trials
    pub fn read(of: &str, entries: Map, trials: usize) -> Result<Labels, Diagnostic> {
        let labels = entries.into_iter().filter_map(|(name, value)| {
            let label = read_label(of, &name, value, trials).transpose()?;
            Some(label.map(|label| (name, label)))
        });
        Ok(Labels(labels.collect::<Result<_, _>>()?))
    }

    /// Adds the labels of the trials `rows` to the map of a batch.
    pub fn insert_rows(&self, rows: &[usize], batch: &mut Map) -> Result<(), Diagnostic> {
        let indices: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
        let indices = Tensor::from_vec(indices, rows.len(), &Device::Cpu)?;
        for (name, label) in &self.0 {
            let value = match label {
                Label::Rows(tensor) => Value::Tensor(tensor.index_select(&indices, 0)?),
                Label::Texts(texts) => Value::List(
                    rows.iter()
                        .map(|row| Value::Text(texts[*row].clone()))
                        .collect(),
                ),
            };
            batch.insert(name.clone(), value);
        }
        Ok(())
    }
}

/// The names of the entries that can be labels.
///
/// Errors: `Unknown` for a name that probably was meant as that of another entry
fn other_names(of: &str, entries: &Map) -> Result<Vec<String>, Error> {
    let others = entries
        .keys()
        .filter(|name| !ENTRIES.contains(&name.as_str()));
    others
        .map(|name| match is_misspelled(name) {
            false => Ok(name.clone()),
            true => Err(Error::Unknown {
                of: of.into(),
                category: "entry",
                name: name.clone(),
                known: ENTRIES.map(String::from).to_vec(),
            }),
        })
        .collect()
}

/// Whether the name is a synonym of an entry, or differs from it by one or two letters after the
/// first one.
fn is_misspelled(name: &str) -> bool {
    /// Shorter names are different words if two letters differ.
    const LONG: usize = 5;
    let lower = name.to_lowercase();
    let is_close = |entry: &&str| {
        let letters = if entry.len() < LONG { 1 } else { 2 };
        lower.chars().next() == entry.chars().next()
            && strsim::osa_distance(&lower, entry) <= letters
    };
    synonyms::lookup(name, &ENTRIES).is_some() || ENTRIES.iter().any(is_close)
}

/// One label of all trials; `None` for nil.
fn read_label(
    of: &str,
    name: &str,
    value: Value,
    trials: usize,
) -> Result<Option<Label>, Diagnostic> {
    let texts = match &value {
        Value::Nil => return Ok(None),
        Value::List(list) => list.iter().map(text).collect::<Option<Vec<String>>>(),
        _ => None,
    };
    let (label, found) = match texts {
        Some(texts) => (Label::Texts(texts.clone()), vec![texts.len()]),
        None => {
            let tensor = ExactTensor::from_value(value).map_err(|value| kind(of, name, &value))?;
            let shape = tensor.dims().to_vec();
            (Label::Rows(tensor.0.detach().contiguous()?), shape)
        }
    };
    if found.first() == Some(&trials) {
        return Ok(Some(label));
    }
    let message =
        format!("{of}: expected shape [{trials}, ..] for the label `{name}`, found {found:?}");
    let known = ENTRIES.join(", ");
    let hint =
        format!("entries besides {known} are labels, with one element or row for each trial");
    Err(Diagnostic::new(message).hint(hint))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn kind(of: &str, name: &str, value: &Value) -> Diagnostic {
    Error::Kind {
        of: format!("{of}: label `{name}`"),
        expected: EXPECTED.into(),
        found: value.kind(),
    }
    .into()
}

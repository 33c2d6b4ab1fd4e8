//! Files of common programs, compared with the values that h5py reads from them.
//! `tests/references/hdf5/make.py` generates the files and `expected.json`.

use std::collections::BTreeSet;

use attractor::io::Tree;
use attractor::io::hdf5::{self, Content, ReadOptions};
use serde_json::Value;

use super::{f64_values, reference};

/// The values that h5py reads, by file and entry.
fn read_expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(reference("hdf5/expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Whether a value equals the value that h5py reads.
fn equal(tree: &Tree, value: &Value) -> bool {
    if let Some(fields) = value.get("fields") {
        let fields = fields.as_object().unwrap();
        return matches!(tree, Tree::Map(map) if map.len() == fields.len()
        && fields.iter().all(|(name, value)| {
            map.get(name).is_some_and(|tree| equal(tree, value))
        }));
    }
    match (tree, value) {
        (Tree::Null, Value::Null) => true,
        (Tree::Bool(a), Value::Bool(b)) => a == b,
        (Tree::Int(a), Value::Number(b)) => b.as_i64() == Some(*a),
        (Tree::Float(a), Value::Number(b)) => b.as_f64() == Some(*a),
        (Tree::Text(a), Value::String(b)) => a == b,
        (Tree::List(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Tree::Tensor(tensor), Value::Object(map)) => {
            let shape: Vec<u64> = tensor.dims().iter().map(|size| *size as u64).collect();
            map["shape"] == Value::from(shape) && equal_values(tree, tensor, map)
        }
        _ => false,
    }
}

fn equal_values(
    tree: &Tree,
    tensor: &attractor::tensor::Tensor,
    map: &serde_json::Map<String, Value>,
) -> bool {
    if let Some(integers) = map.get("integers") {
        return Value::from(tensor.to_vec1::<i64>().unwrap()) == *integers;
    }
    if let Some(indices) = map.get("nonzero") {
        let f64_values = f64_values(tensor).into_iter().enumerate();
        let nonzero = f64_values
            .filter(|(_, x)| *x == 1.0)
            .map(|(index, _)| index);
        return Value::from(nonzero.collect::<Vec<_>>()) == *indices && tree.bytes() > 0;
    }
    let is_equal = |(number, value): (&f64, &Value)| match value {
        Value::String(name) => format!("{number}").to_lowercase() == *name,
        value => value.as_f64() == Some(*number),
    };
    let (f64_values, values) = (f64_values(tensor), map["values"].as_array().unwrap());
    f64_values.len() == values.len() && f64_values.iter().zip(values).all(is_equal)
}

/// A description of the difference for one entry, if there is one.
fn entry_difference(content: &Content, path: &str, value: &Value) -> Option<String> {
    if let Some(message) = value.get("unreadable") {
        let message = message.as_str().unwrap();
        let error = content
            .unreadable
            .iter()
            .find(|entry_error| entry_error.key == path);
        return match error {
            Some(entry_error) if entry_error.error.to_string().contains(message) => None,
            Some(entry_error) => Some(format!("{path}: {}", entry_error.error)),
            None => Some(format!("{path}: read, expected {message}")),
        };
    }
    match content.tree.at(path) {
        Some(tree) if equal(tree, value) => None,
        Some(tree) => Some(format!(
            "{path}: {}, expected {value}",
            super::format_tree(tree)
        )),
        None => Some(format!("{path}: absent, expected {value}")),
    }
}

#[test]
fn files_of_common_programs_have_the_same_values_as_in_h5py() {
    let mut differences = Vec::new();
    let files = read_expected();
    for (file, entries) in &files {
        let entries = entries.as_object().unwrap();
        let path = reference("hdf5").join(file);
        let content = match hdf5::read_content(&path, "", &ReadOptions::default()) {
            Ok(content) => content,
            Err(error) => {
                let message = entries.get("").and_then(|value| value.get("unreadable"));
                let message = message.and_then(Value::as_str).unwrap_or("nothing");
                if !error.to_string().contains(message) {
                    differences.push(format!("{file}: {error}"));
                }
                continue;
            }
        };
        let entry_differences = entries
            .iter()
            .filter_map(|(key, value)| entry_difference(&content, key, value));
        differences.extend(entry_differences.map(|text| format!("{file}: {text}")));
        let entry_paths: BTreeSet<&str> = entries.keys().map(String::as_str).collect();
        let unexpected = content
            .unreadable
            .iter()
            .filter(|entry| !entry_paths.contains(entry.key.as_str()));
        differences
            .extend(unexpected.map(|entry| format!("{file}: {}: {}", entry.key, entry.error)));
    }
    assert!(files.len() >= 50, "only {} files", files.len());
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn every_entry_is_listed_and_can_be_read_separately() {
    let mut differences = Vec::new();
    for (file, entries) in &read_expected() {
        let path = reference("hdf5").join(file);
        let entries = entries.as_object().unwrap();
        if entries.contains_key("") {
            assert!(hdf5::list(&path).is_err(), "{file}");
            continue;
        }
        let entry_paths = hdf5::list(&path).unwrap();
        for (key, value) in entries {
            if !entry_paths.iter().any(|entry| entry.path == *key) {
                differences.push(format!("{file}: {key} is not listed"));
            }
            let separate = hdf5::read_entry(&path, key);
            let matches = match (separate, value.get("unreadable").and_then(Value::as_str)) {
                (Ok(tree), None) => equal(&tree, value),
                (Err(error), Some(message)) => error.to_string().contains(message),
                // Read separately, a link to an enclosing group returns that group.
                (Ok(_), Some(message)) => message.contains("a link to an enclosing group"),
                _ => false,
            };
            if !matches {
                differences.push(format!("{file}: {key} alone"));
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

//! Files that common programs write, each read as a whole and compared with what h5py reads from
//! it. The files and `expected.json` were made by `make.py`, which stands beside them.

use std::collections::BTreeSet;

use attractor::io::Tree;
use attractor::io::hdf5::{self, Content, ReadOptions};
use serde_json::Value;

use super::{numbers, reference};

/// What h5py reads, by file and entry.
fn expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(reference("hdf5/expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Whether a value is the one that h5py reads.
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
            map["shape"] == Value::from(shape) && same_numbers(tree, tensor, map)
        }
        _ => false,
    }
}

fn same_numbers(
    tree: &Tree,
    tensor: &attractor::tensor::Tensor,
    map: &serde_json::Map<String, Value>,
) -> bool {
    if let Some(integers) = map.get("integers") {
        return Value::from(tensor.to_vec1::<i64>().unwrap()) == *integers;
    }
    if let Some(places) = map.get("nonzero") {
        let numbers = numbers(tensor).into_iter().enumerate();
        let ones = numbers.filter(|(_, x)| *x == 1.0).map(|(index, _)| index);
        return Value::from(ones.collect::<Vec<_>>()) == *places && tree.bytes() > 0;
    }
    let same = |(number, value): (&f64, &Value)| match value {
        Value::String(name) => format!("{number}").to_lowercase() == *name,
        value => value.as_f64() == Some(*number),
    };
    let (numbers, values) = (numbers(tensor), map["values"].as_array().unwrap());
    numbers.len() == values.len() && numbers.iter().zip(values).all(same)
}

/// What is wrong with one entry, if anything.
fn fault(content: &Content, path: &str, value: &Value) -> Option<String> {
    if let Some(words) = value.get("unreadable") {
        let words = words.as_str().unwrap();
        let error = content.unreadable.iter().find(|one| one.key == path);
        return match error {
            Some(one) if one.error.to_string().contains(words) => None,
            Some(one) => Some(format!("{path}: {}", one.error)),
            None => Some(format!("{path}: read, expected {words}")),
        };
    }
    match content.tree.at(path) {
        Some(tree) if equal(tree, value) => None,
        Some(tree) => Some(format!("{path}: {}, expected {value}", super::shown(tree))),
        None => Some(format!("{path}: absent, expected {value}")),
    }
}

#[test]
fn files_of_common_programs_read_as_h5py_reads_them() {
    let mut faults = Vec::new();
    let files = expected();
    for (file, entries) in &files {
        let entries = entries.as_object().unwrap();
        let path = reference("hdf5").join(file);
        let content = match hdf5::read_content(&path, "", &ReadOptions::default()) {
            Ok(content) => content,
            Err(error) => {
                let words = entries.get("").and_then(|value| value.get("unreadable"));
                let words = words.and_then(Value::as_str).unwrap_or("nothing");
                if !error.to_string().contains(words) {
                    faults.push(format!("{file}: {error}"));
                }
                continue;
            }
        };
        let found = entries
            .iter()
            .filter_map(|(key, value)| fault(&content, key, value));
        faults.extend(found.map(|fault| format!("{file}: {fault}")));
        let listed: BTreeSet<&str> = entries.keys().map(String::as_str).collect();
        let surplus = content
            .unreadable
            .iter()
            .filter(|one| !listed.contains(one.key.as_str()));
        faults.extend(surplus.map(|one| format!("{file}: {}: {}", one.key, one.error)));
    }
    assert!(files.len() >= 50, "only {} files", files.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_entry_of_the_files_is_listed_and_read_alone() {
    let mut faults = Vec::new();
    for (file, entries) in &expected() {
        let path = reference("hdf5").join(file);
        let entries = entries.as_object().unwrap();
        if entries.contains_key("") {
            assert!(hdf5::list(&path).is_err(), "{file}");
            continue;
        }
        let listed = hdf5::list(&path).unwrap();
        for (key, value) in entries {
            if !listed.iter().any(|entry| entry.path == *key) {
                faults.push(format!("{file}: {key} is not listed"));
            }
            let alone = hdf5::read_entry(&path, key);
            let sound = match (alone, value.get("unreadable").and_then(Value::as_str)) {
                (Ok(tree), None) => equal(&tree, value),
                (Err(error), Some(words)) => error.to_string().contains(words),
                // Read alone, a link to a group around it is that group.
                (Ok(_), Some(words)) => words.contains("a link to an enclosing group"),
                _ => false,
            };
            if !sound {
                faults.push(format!("{file}: {key} alone"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

//! The contents of a file: named values in nested maps. Scripts, checkpoints and figures all use
//! this type, so that a file format depends on nothing else.

use std::collections::BTreeMap;

use crate::tensor::Tensor;

/// Named values in alphabetical order, as in the files.
pub type Map = BTreeMap<String, Tree>;

/// One value of a file.
#[derive(Debug, Clone)]
pub enum Tree {
    /// An empty value (HDF5's null dataspace, h5py's `Empty`).
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Tensor(Tensor),
    List(Vec<Tree>),
    Map(Map),
}

impl Tree {
    /// An empty map.
    pub fn map() -> Tree {
        Tree::Map(Map::new())
    }

    /// The type of the value, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Tree::Null => "nil",
            Tree::Bool(_) => "a boolean",
            Tree::Int(_) => "an integer",
            Tree::Float(_) => "a number",
            Tree::Text(_) => "a string",
            Tree::Tensor(_) => "a tensor",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }

    /// The value at `path`, whose names are separated by `/`; the tree itself for an empty path.
    pub fn at(&self, path: &str) -> Option<&Tree> {
        parts(path).try_fold(self, |tree, name| match tree {
            Tree::Map(map) => map.get(name),
            _ => None,
        })
    }

    /// The tensor at `path`; None for any other value.
    pub fn tensor(&self, path: &str) -> Option<&Tensor> {
        match self.at(path)? {
            Tree::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The integer or float at `path`; None for any other value.
    pub fn number(&self, path: &str) -> Option<f64> {
        match self.at(path)? {
            Tree::Int(n) => Some(*n as f64),
            Tree::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// The text at `path`; None for any other value.
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.at(path)? {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Size of all numbers and strings in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Tree::Null | Tree::Bool(_) | Tree::Int(_) | Tree::Float(_) => 8,
            Tree::Text(text) => text.len() as u64,
            Tree::Tensor(x) => (x.elem_count() * x.dtype().size_in_bytes()) as u64,
            Tree::List(items) => items.iter().map(Tree::bytes).sum(),
            Tree::Map(map) => map.values().map(Tree::bytes).sum(),
        }
    }

    /// The number of values, including containers.
    pub fn count(&self) -> u64 {
        match self {
            Tree::List(items) => 1 + items.iter().map(Tree::count).sum::<u64>(),
            Tree::Map(map) => 1 + map.values().map(Tree::count).sum::<u64>(),
            _ => 1,
        }
    }

    /// The paths of all values except maps, separated by `/`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        collect_paths(self, "", &mut paths);
        paths
    }
}

/// The names in a path, separated by `/`; repeated and outer slashes are ignored.
pub fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// `name` inside `folder`, where an empty folder is the root.
pub fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_string(),
        _ => format!("{folder}/{name}"),
    }
}

fn collect_paths(tree: &Tree, path: &str, paths: &mut Vec<String>) {
    match tree {
        Tree::Map(map) => {
            for (name, value) in map {
                collect_paths(value, &join(path, name), paths);
            }
        }
        _ => paths.push(path.to_string()),
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident;)*) => { $(
        impl From<$type> for Tree {
            fn from(value: $type) -> Tree { Tree::$variant(value.into()) }
        }
    )* };
}

from! {
    bool => Bool;
    i64 => Int;
    f64 => Float;
    &str => Text;
    String => Text;
    Tensor => Tensor;
    Vec<Tree> => List;
    Map => Map;
}

impl<const N: usize> From<[(&str, Tree); N]> for Tree {
    fn from(entries: [(&str, Tree); N]) -> Tree {
        Tree::Map(
            entries
                .map(|(name, value)| (name.to_string(), value))
                .into(),
        )
    }
}

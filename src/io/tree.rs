//! What a file holds: named values in nested maps. Scripts, checkpoints and figures all meet
//! files through this one type, so that a format needs to know nothing else.

use std::collections::BTreeMap;

use crate::tensor::Tensor;

/// Named values; the order of names is the alphabet's, as in the files.
pub type Map = BTreeMap<String, Tree>;

/// One value of a file.
#[derive(Debug, Clone)]
pub enum Tree {
    /// A place that holds nothing (HDF5's null dataspace, h5py's `Empty`).
    Nothing,
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

    /// The kind of value, as a user would say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Tree::Nothing => "nothing",
            Tree::Bool(_) => "true or false",
            Tree::Int(_) => "a whole number",
            Tree::Float(_) => "a number",
            Tree::Text(_) => "text",
            Tree::Tensor(_) => "a tensor",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }

    /// The value at `path`, whose names are parted by `/`; the tree itself for an empty path.
    pub fn at(&self, path: &str) -> Option<&Tree> {
        parts(path).try_fold(self, |tree, name| match tree {
            Tree::Map(map) => map.get(name),
            _ => None,
        })
    }

    /// The tensor at `path`, if there is one.
    pub fn tensor(&self, path: &str) -> Option<&Tensor> {
        match self.at(path)? {
            Tree::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The number at `path`, whole or not, if there is one.
    pub fn number(&self, path: &str) -> Option<f64> {
        match self.at(path)? {
            Tree::Int(n) => Some(*n as f64),
            Tree::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// The text at `path`, if there is one.
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.at(path)? {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Bytes of all numbers and texts.
    pub fn bytes(&self) -> u64 {
        match self {
            Tree::Nothing | Tree::Bool(_) | Tree::Int(_) | Tree::Float(_) => 8,
            Tree::Text(text) => text.len() as u64,
            Tree::Tensor(x) => (x.elem_count() * x.dtype().size_in_bytes()) as u64,
            Tree::List(items) => items.iter().map(Tree::bytes).sum(),
            Tree::Map(map) => map.values().map(Tree::bytes).sum(),
        }
    }

    /// The number of values, those that hold others included.
    pub fn count(&self) -> u64 {
        match self {
            Tree::List(items) => 1 + items.iter().map(Tree::count).sum::<u64>(),
            Tree::Map(map) => 1 + map.values().map(Tree::count).sum::<u64>(),
            _ => 1,
        }
    }

    /// The paths of all values that are not maps, parted by `/`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        gather(self, "", &mut paths);
        paths
    }
}

/// The names in a path, parted by `/`; doubled and outer slashes count for nothing.
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

fn gather(tree: &Tree, path: &str, paths: &mut Vec<String>) {
    match tree {
        Tree::Map(map) => {
            for (name, value) in map {
                gather(value, &join(path, name), paths);
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

//! Serialization of figures as HDF5: every field under its own name. Values are arrays that any
//! HDF5 reader can load; fields that are `None` are omitted.

use std::path::Path;

use super::{
    Annotation, Arrows, Axis, Band, Bars, Camera, Circle, ColourAxis, ColourMap, Dash, Figure,
    Heatmap, Labels, Layer, Legend, Line, Marker, Panel, Paths, Point3, Points, ReferenceLine, Rgb,
    Scatter, Side, Stem, Stroke,
};
use crate::base::error::FileError;
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::tree::join;
use crate::io::{self, Tree};
use crate::tensor::{DType, Tensor, convert};

/// Value of the content attribute of a figure file.
pub const CONTENT: &str = "figure";

/// The tree that represents `figure` in a file.
///
/// Errors: those of drawing the figure
pub fn to_tree(figure: &Figure) -> Result<Tree> {
    figure.validate()?;
    Ok(figure.to_tree()?.unwrap_or_else(Tree::map))
}

/// The figure that `tree`, the content of the file at `path`, represents.
///
/// Errors: `File` if an entry is missing or has the wrong kind; those of drawing the figure
pub fn from_tree(path: &Path, tree: &Tree) -> Result<Figure> {
    let root = Entry {
        path,
        key: String::new(),
        tree: Some(tree),
    };
    let figure = Figure::from_entry(&root)?;
    figure.validate()?;
    Ok(figure)
}

/// One entry of a file, with its path for error messages.
struct Entry<'a> {
    path: &'a Path,
    key: String,
    tree: Option<&'a Tree>,
}

/// A type that can be stored in a file.
trait Serialize: Sized {
    /// `None` if the entry is omitted.
    fn to_tree(&self) -> Result<Option<Tree>>;
    fn from_entry(entry: &Entry) -> Result<Self>;
}

impl<'a> Entry<'a> {
    /// The entry `name` inside this one.
    fn child(&self, name: &str) -> Entry<'a> {
        Entry {
            path: self.path,
            key: join(&self.key, name),
            tree: self.tree.and_then(|tree| tree.at(name)),
        }
    }

    /// The result of `read` on the entry.
    ///
    /// Errors: `File` if the entry is missing or `read` returns `None`
    fn read<T>(&self, expected: &str, read: impl FnOnce(&'a Tree) -> Option<T>) -> Result<T> {
        let key = self.key.clone();
        let Some(tree) = self.tree else {
            let found = Vec::new();
            return Err(Error::file(self.path, FileError::Entry { key, found }));
        };
        read(tree).ok_or_else(|| {
            let kind = tree.kind();
            let found = match tree {
                Tree::Text(text) => format!("{kind} {text:?}, expected {expected}"),
                Tree::Tensor(x) => format!("{kind} of {:?}, expected {expected}", x.dims()),
                _ => format!("{kind}, expected {expected}"),
            };
            Error::file(self.path, FileError::EntryKind { key, found })
        })
    }

    fn keyword(&self) -> Result<&'a str> {
        self.read("a keyword", |tree| tree.text(""))
    }

    /// One of a fixed set of keywords.
    fn choice<C: Choice + Default>(&self) -> Result<C> {
        let mut choice = C::default();
        let keywords = choice.names().join(", ");
        self.read(&format!("one of {keywords}"), |tree| {
            choice.select(tree.text("")?).then_some(choice)
        })
    }

    /// The values of an array with this number of axes and, if given, this length of the last axis.
    fn values(&self, expected: &str, axes: usize, last: Option<usize>) -> Result<Vec<f64>> {
        let fits = |x: &&Tensor| {
            x.rank() == axes && last.is_none_or(|length| x.dims().last() == Some(&length))
        };
        let array = self.read(expected, |tree| tree.tensor("").filter(fits))?;
        convert::to_f64(array)
    }
}

fn array(numbers: Vec<f64>, shape: &[usize]) -> Result<Option<Tree>> {
    Ok(Some(Tree::Tensor(convert::from_f64(
        numbers,
        shape,
        DType::F64,
    )?)))
}

impl<T: Serialize> Serialize for Option<T> {
    fn to_tree(&self) -> Result<Option<Tree>> {
        self.as_ref().map_or(Ok(None), T::to_tree)
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        entry.tree.map(|_| T::from_entry(entry)).transpose()
    }
}

impl Serialize for Vec<f64> {
    fn to_tree(&self) -> Result<Option<Tree>> {
        array(self.clone(), &[self.len()])
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        entry.values("numbers [n]", 1, None)
    }
}

impl Serialize for [f64; 2] {
    fn to_tree(&self) -> Result<Option<Tree>> {
        array(self.to_vec(), &[2])
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        let two = entry.values("two numbers", 1, Some(2))?;
        Ok([two[0], two[1]])
    }
}

impl Serialize for Vec<Point3> {
    fn to_tree(&self) -> Result<Option<Tree>> {
        array(self.as_flattened().to_vec(), &[self.len(), 3])
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        let flat = entry.values("positions [n, 3]", 2, Some(3))?;
        Ok(flat.as_chunks::<3>().0.to_vec())
    }
}

impl Serialize for Vec<usize> {
    fn to_tree(&self) -> Result<Option<Tree>> {
        let integers = self.iter().map(|n| *n as i64).collect();
        Ok(Some(Tree::Tensor(convert::from_i64(
            integers,
            &[self.len()],
        )?)))
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        let numbers = entry.values("integers [n]", 1, None)?;
        Ok(numbers.into_iter().map(|n| n as usize).collect())
    }
}

impl Serialize for Vec<String> {
    fn to_tree(&self) -> Result<Option<Tree>> {
        let texts = self.iter().map(|text| Tree::Text(text.clone()));
        Ok(Some(Tree::List(texts.collect())))
    }
    fn from_entry(entry: &Entry) -> Result<Self> {
        entry.read("a list of strings", |tree| match tree {
            Tree::List(items) => items
                .iter()
                .map(|item| item.text("").map(String::from))
                .collect(),
            _ => None,
        })
    }
}

macro_rules! scalars {
    ($(
        $type:ty, $expected:literal, $value:ident => $tree:expr, $tree_in:ident => $read:expr;
    )*) => { $(
        impl Serialize for $type {
            fn to_tree(&self) -> Result<Option<Tree>> {
                let $value = self;
                Ok(Some($tree))
            }
            fn from_entry(entry: &Entry) -> Result<Self> {
                entry.read($expected, |$tree_in| $read)
            }
        }
    )* };
}

scalars! {
    f64, "a number", x => Tree::Float(*x), tree => tree.number("");
    usize, "an integer of 0 or more", n => Tree::Int(*n as i64),
        tree => match tree { Tree::Int(n) => usize::try_from(*n).ok(), _ => None };
    bool, "a boolean", b => Tree::Bool(*b),
        tree => match tree { Tree::Bool(b) => Some(*b), _ => None };
    String, "a string", text => Tree::Text(text.clone()), tree => tree.text("").map(String::from);
    Rgb, "a colour such as #0072b2", colour => Tree::Text(colour.to_string()),
        tree => Rgb::parse(tree.text("")?);
    Side, "x or y", side => Tree::from(if *side == Side::X { "x" } else { "y" }),
        tree => match tree.text("")? { "x" => Some(Side::X), "y" => Some(Side::Y), _ => None };
}

macro_rules! choices {
    ($($type:ty)*) => { $(
        impl Serialize for $type {
            fn to_tree(&self) -> Result<Option<Tree>> { Ok(Some(Tree::from(self.name()))) }
            fn from_entry(entry: &Entry) -> Result<Self> { entry.choice() }
        }
    )* };
}

choices! { Dash Marker ColourMap Legend }

/// Structs, stored field by field.
macro_rules! structs {
    ($($type:ident { $($field:ident)* })*) => { $(
        impl Serialize for $type {
            fn to_tree(&self) -> Result<Option<Tree>> {
                let $type { $($field),* } = self;
                let mut map = io::Map::new();
                $( if let Some(tree) = $field.to_tree()? {
                    map.insert(stringify!($field).into(), tree);
                } )*
                Ok(Some(Tree::Map(map)))
            }
            fn from_entry(entry: &Entry) -> Result<Self> {
                entry.read("a map", |tree| matches!(tree, Tree::Map(_)).then_some(()))?;
                Ok($type {
                    $( $field: Serialize::from_entry(&entry.child(stringify!($field)))?, )*
                })
            }
        }
    )* };
}

structs! {
    Figure { title rows columns panels size }
    Panel { title x y z camera colour layers legend equal_aspect }
    Axis { label log limits reversed ticks }
    ColourAxis { label map limits symmetric hidden }
    Camera { azimuth elevation }
    Stroke { colour width dash opacity }
    Line { x y stroke marker label }
    Scatter { x y values marker size colour opacity label }
    Stem { x y base size colour label }
    Bars { edges heights colour label }
    Band { x low high colour label }
    Heatmap { values rows columns x y }
    ReferenceLine { side at stroke label }
    Circle { centre radius stroke }
    Annotation { at text colour }
    Paths { at ends values stroke label }
    Points { at values marker size sizes colour opacity label }
    Arrows { from to values head stroke label }
    Labels { at texts colour }
}

/// Layers, stored with a keyword for their kind.
macro_rules! layers {
    ($($kind:ident = $word:literal)*) => {
        impl Serialize for Layer {
            fn to_tree(&self) -> Result<Option<Tree>> {
                let (kind, fields) = match self {
                    $( Layer::$kind(layer) => ($word, layer.to_tree()?), )*
                };
                let mut map = io::Map::from([("kind".into(), Tree::from(kind))]);
                if let Some(Tree::Map(fields)) = fields {
                    map.extend(fields);
                }
                Ok(Some(Tree::Map(map)))
            }
            fn from_entry(entry: &Entry) -> Result<Self> {
                let kind = entry.child("kind");
                match kind.keyword()? {
                    $( $word => Serialize::from_entry(entry).map(Layer::$kind), )*
                    _ => {
                        let keywords = [$($word),*].join(", ");
                        kind.read(&format!("one of {keywords}"), |_| None)
                    }
                }
            }
        }
    };
}

layers! {
    Line = "line"
    Scatter = "scatter"
    Stem = "stem"
    Bars = "bars"
    Band = "band"
    Heatmap = "cells"
    ReferenceLine = "rule"
    Circle = "circle"
    Annotation = "note"
    Paths = "trajectories"
    Points = "points"
    Arrows = "arrows"
    Labels = "labels"
}

macro_rules! lists {
    ($($type:ty)*) => { $(
        impl Serialize for Vec<$type> {
            fn to_tree(&self) -> Result<Option<Tree>> {
                let items = self.iter().map(|item| Ok(item.to_tree()?.unwrap_or(Tree::Null)));
                Ok(Some(Tree::List(items.collect::<Result<_>>()?)))
            }
            fn from_entry(entry: &Entry) -> Result<Self> {
                let items = entry.read("a list", |tree| match tree {
                    Tree::List(items) => Some(items),
                    _ => None,
                })?;
                let item = |(at, item)| <$type>::from_entry(&Entry {
                    path: entry.path,
                    key: join(&entry.key, &format!("{at}")),
                    tree: Some(item),
                });
                items.iter().enumerate().map(item).collect()
            }
        }
    )* };
}

lists! { Panel Layer }

//! A figure in a file and back: all that it shows, under the names that its parts have here.
//!
//! Numbers are arrays, as any reader of HDF5 takes them; what is left out of a figure is left out
//! of the file.

use std::path::Path;

use super::{
    Arrows, Axis, Bars, Camera, Cells, Circle, ColourAxis, Dash, Figure, Labels, Layer, Legend,
    Line, Map, Marker, Note, Panel, Paths, Place, Points, Rgb, Ribbon, Rule, Scatter, Side, Stem,
    Stroke,
};
use crate::base::error::FileFault;
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::tree::join;
use crate::io::{self, Tree};
use crate::tensor::{DType, Tensor, values};

/// What a file of a figure says that it holds.
pub const HOLDS: &str = "figure";

/// What a file keeps of `figure`.
///
/// Errors: what drawing it would give
pub fn keep(figure: &Figure) -> Result<Tree> {
    figure.check()?;
    Ok(figure.keep()?.unwrap_or_else(Tree::map))
}

/// The figure that the file at `path` keeps as `tree`.
///
/// Errors: `File` if an entry is missing or of another kind; what drawing it would give
pub fn figure(path: &Path, tree: &Tree) -> Result<Figure> {
    let root = Entry {
        path,
        key: String::new(),
        tree: Some(tree),
    };
    let figure = Figure::found(&root)?;
    figure.check()?;
    Ok(figure)
}

/// One entry of a file, and where it stands.
struct Entry<'a> {
    path: &'a Path,
    key: String,
    tree: Option<&'a Tree>,
}

/// What a file can keep.
trait Kept: Sized {
    /// `None` for what is left out.
    fn keep(&self) -> Result<Option<Tree>>;
    fn found(entry: &Entry) -> Result<Self>;
}

impl<'a> Entry<'a> {
    /// The entry `name` within this one.
    fn within(&self, name: &str) -> Entry<'a> {
        Entry {
            path: self.path,
            key: join(&self.key, name),
            tree: self.tree.and_then(|tree| tree.at(name)),
        }
    }

    /// What `read` makes of the entry.
    ///
    /// Errors: `File` if it is missing, or `read` makes nothing of it
    fn read<T>(&self, expected: &str, read: impl FnOnce(&'a Tree) -> Option<T>) -> Result<T> {
        let key = self.key.clone();
        let Some(tree) = self.tree else {
            let found = Vec::new();
            return Err(Error::file(self.path, FileFault::Entry { key, found }));
        };
        read(tree).ok_or_else(|| {
            let kind = tree.kind();
            let found = match tree {
                Tree::Text(text) => format!("{kind} {text:?}, expected {expected}"),
                Tree::Tensor(x) => format!("{kind} of {:?}, expected {expected}", x.dims()),
                _ => format!("{kind}, expected {expected}"),
            };
            Error::file(self.path, FileFault::EntryKind { key, found })
        })
    }

    fn word(&self) -> Result<&'a str> {
        self.read("a word", |tree| tree.text(""))
    }

    /// A choice among words.
    fn choice<C: Choice + Default>(&self) -> Result<C> {
        let mut choice = C::default();
        let words = choice.words().join(", ");
        self.read(&format!("one of {words}"), |tree| {
            choice.choose(tree.text("")?).then_some(choice)
        })
    }

    /// The numbers of an array with this many axes, whose last one has a length.
    fn numbers(&self, expected: &str, axes: usize, last: Option<usize>) -> Result<Vec<f64>> {
        let fits = |x: &&Tensor| {
            x.rank() == axes && last.is_none_or(|length| x.dims().last() == Some(&length))
        };
        let array = self.read(expected, |tree| tree.tensor("").filter(fits))?;
        values::doubles(array)
    }
}

fn array(numbers: Vec<f64>, shape: &[usize]) -> Result<Option<Tree>> {
    Ok(Some(Tree::Tensor(values::of(numbers, shape, DType::F64)?)))
}

impl<T: Kept> Kept for Option<T> {
    fn keep(&self) -> Result<Option<Tree>> {
        self.as_ref().map_or(Ok(None), T::keep)
    }
    fn found(entry: &Entry) -> Result<Self> {
        entry.tree.map(|_| T::found(entry)).transpose()
    }
}

impl Kept for Vec<f64> {
    fn keep(&self) -> Result<Option<Tree>> {
        array(self.clone(), &[self.len()])
    }
    fn found(entry: &Entry) -> Result<Self> {
        entry.numbers("numbers [n]", 1, None)
    }
}

impl Kept for [f64; 2] {
    fn keep(&self) -> Result<Option<Tree>> {
        array(self.to_vec(), &[2])
    }
    fn found(entry: &Entry) -> Result<Self> {
        let two = entry.numbers("two numbers", 1, Some(2))?;
        Ok([two[0], two[1]])
    }
}

impl Kept for Vec<Place> {
    fn keep(&self) -> Result<Option<Tree>> {
        array(self.as_flattened().to_vec(), &[self.len(), 3])
    }
    fn found(entry: &Entry) -> Result<Self> {
        let flat = entry.numbers("places [n, 3]", 2, Some(3))?;
        Ok(flat.as_chunks::<3>().0.to_vec())
    }
}

impl Kept for Vec<usize> {
    fn keep(&self) -> Result<Option<Tree>> {
        let wholes = self.iter().map(|n| *n as i64).collect();
        Ok(Some(Tree::Tensor(values::wholes(wholes, &[self.len()])?)))
    }
    fn found(entry: &Entry) -> Result<Self> {
        let numbers = entry.numbers("whole numbers [n]", 1, None)?;
        Ok(numbers.into_iter().map(|n| n as usize).collect())
    }
}

impl Kept for Vec<String> {
    fn keep(&self) -> Result<Option<Tree>> {
        let texts = self.iter().map(|text| Tree::Text(text.clone()));
        Ok(Some(Tree::List(texts.collect())))
    }
    fn found(entry: &Entry) -> Result<Self> {
        entry.read("a list of texts", |tree| match tree {
            Tree::List(items) => items
                .iter()
                .map(|item| item.text("").map(String::from))
                .collect(),
            _ => None,
        })
    }
}

macro_rules! plain {
    ($(
        $type:ty, $expected:literal, $value:ident => $tree:expr, $found:ident => $read:expr;
    )*) => { $(
        impl Kept for $type {
            fn keep(&self) -> Result<Option<Tree>> {
                let $value = self;
                Ok(Some($tree))
            }
            fn found(entry: &Entry) -> Result<Self> {
                entry.read($expected, |$found| $read)
            }
        }
    )* };
}

plain! {
    f64, "a number", x => Tree::Float(*x), tree => tree.number("");
    usize, "a whole number of 0 or more", n => Tree::Int(*n as i64),
        tree => match tree { Tree::Int(n) => usize::try_from(*n).ok(), _ => None };
    bool, "true or false", b => Tree::Bool(*b),
        tree => match tree { Tree::Bool(b) => Some(*b), _ => None };
    String, "a text", text => Tree::Text(text.clone()), tree => tree.text("").map(String::from);
    Rgb, "a colour such as #0072b2", colour => Tree::Text(colour.to_string()),
        tree => Rgb::named(tree.text("")?);
    Side, "x or y", side => Tree::from(if *side == Side::X { "x" } else { "y" }),
        tree => match tree.text("")? { "x" => Some(Side::X), "y" => Some(Side::Y), _ => None };
}

macro_rules! words {
    ($($type:ty)*) => { $(
        impl Kept for $type {
            fn keep(&self) -> Result<Option<Tree>> { Ok(Some(Tree::from(self.word()))) }
            fn found(entry: &Entry) -> Result<Self> { entry.choice() }
        }
    )* };
}

words! { Dash Marker Map Legend }

/// Structs, by their fields.
macro_rules! structs {
    ($($type:ident { $($field:ident)* })*) => { $(
        impl Kept for $type {
            fn keep(&self) -> Result<Option<Tree>> {
                let $type { $($field),* } = self;
                let mut map = io::Map::new();
                $( if let Some(tree) = $field.keep()? {
                    map.insert(stringify!($field).into(), tree);
                } )*
                Ok(Some(Tree::Map(map)))
            }
            fn found(entry: &Entry) -> Result<Self> {
                entry.read("a map", |tree| matches!(tree, Tree::Map(_)).then_some(()))?;
                Ok($type { $( $field: Kept::found(&entry.within(stringify!($field)))?, )* })
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
    Ribbon { x low high colour label }
    Cells { values rows columns x y }
    Rule { side at stroke label }
    Circle { centre radius stroke }
    Note { at text colour }
    Paths { at ends values stroke label }
    Points { at values marker size sizes colour opacity label }
    Arrows { from to values head stroke label }
    Labels { at texts colour }
}

/// Layers, each with the word for its kind.
macro_rules! layers {
    ($($kind:ident = $word:literal)*) => {
        impl Kept for Layer {
            fn keep(&self) -> Result<Option<Tree>> {
                let (kind, kept) = match self {
                    $( Layer::$kind(layer) => ($word, layer.keep()?), )*
                };
                let mut map = io::Map::from([("kind".into(), Tree::from(kind))]);
                if let Some(Tree::Map(fields)) = kept {
                    map.extend(fields);
                }
                Ok(Some(Tree::Map(map)))
            }
            fn found(entry: &Entry) -> Result<Self> {
                let kind = entry.within("kind");
                match kind.word()? {
                    $( $word => Kept::found(entry).map(Layer::$kind), )*
                    _ => {
                        let words = [$($word),*].join(", ");
                        kind.read(&format!("one of {words}"), |_| None)
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
    Ribbon = "band"
    Cells = "cells"
    Rule = "rule"
    Circle = "circle"
    Note = "note"
    Paths = "trajectories"
    Points = "points"
    Arrows = "arrows"
    Labels = "labels"
}

macro_rules! lists {
    ($($type:ty)*) => { $(
        impl Kept for Vec<$type> {
            fn keep(&self) -> Result<Option<Tree>> {
                let items = self.iter().map(|item| Ok(item.keep()?.unwrap_or(Tree::Nothing)));
                Ok(Some(Tree::List(items.collect::<Result<_>>()?)))
            }
            fn found(entry: &Entry) -> Result<Self> {
                let items = entry.read("a list", |tree| match tree {
                    Tree::List(items) => Some(items),
                    _ => None,
                })?;
                let item = |(at, item)| <$type>::found(&Entry {
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

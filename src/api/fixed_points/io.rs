//! Fixed points in HDF5 files.

use std::path::Path;
use std::rc::Rc;

use super::points::FixedPoints;
use crate::analysis::fixed_points::{Label, Point, Points};
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::file_kind::{POINTS_KIND, other_kind_error};
use crate::api::h5;
use crate::api::rnn::Net;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::{self, Tree};
use crate::nn::metadata;
use crate::tensor::{DType, Tensor, convert};

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Writes the points to an HDF5 file, readable with h5py. Data sets: `states` [k, s], `inputs`
    /// [k, i], `error`, `q`, `position_error`, `index`, `steps`, `candidates` and `hits` [k], and
    /// the strings `labels`. Attributes describe the network. A relative path starts in the folder
    /// of `--out`.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 }).save("points.h5");
    /// > fixed_points::load("points.h5").with_network(net).modes().class
    /// = ["stable"]
    fn save(cx: &Context, this: Rc<FixedPoints>, path: String) -> () {
        let points = &this.points;
        let k = points.points.len();
        let column = |value: &dyn Fn(&Point) -> f64| -> Result<Tree> {
            let values: Vec<f64> = points.points.iter().map(value).collect();
            Ok(Tree::Tensor(convert::from_f64(values, &[k], DType::F64)?))
        };
        let labels = points.points.iter().map(|point| Tree::Text(point.label.name().into()));
        let tensor = |values, features| convert::from_f64(values, &[k, features], DType::F64);
        let tree = Tree::Map(io::Map::from([
            ("states".into(), Tree::Tensor(tensor(points.states(), points.state)?)),
            ("inputs".into(), Tree::Tensor(tensor(points.all_inputs(), points.inputs)?)),
            ("error".into(), column(&|point| point.error)?),
            ("q".into(), column(&Point::q)?),
            ("position_error".into(), column(&|point| point.position_error)?),
            ("index".into(), column(&|point| f64::from(point.index))?),
            ("steps".into(), column(&|point| point.steps as f64)?),
            ("candidates".into(), column(&|point| point.candidate as f64)?),
            ("hits".into(), column(&|point| point.hits as f64)?),
            ("labels".into(), Tree::List(labels.collect())),
        ]));
        let mut attributes = io::Map::from([("holds".into(), Tree::Text(POINTS_KIND.into()))]);
        if let Some(network) = &this.network {
            let network = metadata::describe(network).into_iter();
            attributes.extend(network.map(|(name, value)| (format!("network_{name}"), value)));
        }
        h5::save(cx, &path, &tree, attributes, 0)
    }

    /// Loads points that `save` wrote, without their network, which
    /// `points.with_network(net)` assigns.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 }).save("some.h5");
    /// > fixed_points::load("some.h5").count()
    /// = 1
    fn load(cx: &Context, path: String) -> New<FixedPoints> {
        let (content, source) = (h5::load(cx, &path)?, cx.input_path(&path)?);
        let attributes = content.attributes.get("").cloned().unwrap_or_default();
        let kind = attributes.get("holds");
        let is_own = matches!(kind, Some(Tree::Text(kind)) if kind == POINTS_KIND);
        let other = match is_own {
            true => None,
            false => other_kind_error(&source, &attributes, "fixed points that `save` wrote"),
        };
        if let Some(error) = other {
            return Err(error.into());
        }
        let points = read_points(&source, &content.tree)?;
        Ok(New(FixedPoints { from_file: true, ..FixedPoints::new(points, None) }))
    }

    /// Returns the same points with a network, which `modes` and `transitions` require. The state
    /// and input sizes must match.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let points = fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 });
    /// > points.with_network(net).count()
    /// = 1
    fn with_network(this: Rc<FixedPoints>, network: Rc<Net>) -> New<FixedPoints> {
        let network = network.0.borrow().clone();
        let (found, expected) = (
            [this.points.state, this.points.inputs],
            [network.state(), network.inputs()],
        );
        if found != expected {
            return Err(Error::Shape {
                op: "fixed_points.with_network",
                what: "points",
                expected: format!("states of {} and inputs of {}", expected[0], expected[1]),
                found: found.to_vec(),
            }
            .into());
        }
        let points = this.points.clone();
        let from_file = this.from_file;
        Ok(New(FixedPoints { from_file, ..FixedPoints::new(points, Some(network)) }))
    }
}

/// The arrays of a file of `k` points.
struct PointArrays<'a> {
    path: &'a Path,
    tree: &'a Tree,
    k: usize,
}

impl PointArrays<'_> {
    /// An entry with `rank` axes and one row per point.
    ///
    /// Errors: `File` if the entry is missing or has another shape
    fn entry(&self, key: &str, expected: &str, rank: usize) -> Result<Vec<f64>> {
        let tensor = tensor_entry(self.path, self.tree, key, (rank, expected))?;
        if tensor.dims()[0] != self.k {
            return Err(entry_shape_error(self.path, key, expected, tensor));
        }
        convert::to_f64(tensor)
    }

    /// One value per point.
    fn column(&self, key: &str) -> Result<Vec<f64>> {
        self.entry(key, &format!("[{}]", self.k), 1)
    }

    /// One value per point, or `default` for all points in files of earlier versions.
    fn column_or(&self, key: &str, default: f64) -> Result<Vec<f64>> {
        match self.tree.tensor(key) {
            Some(_) => self.column(key),
            None => Ok(vec![default; self.k]),
        }
    }

    fn label(&self, index: usize) -> Option<Label> {
        let Some(Tree::List(labels)) = self.tree.at("labels") else {
            return None;
        };
        match labels.get(index) {
            Some(Tree::Text(name)) => Label::from_name(name),
            _ => None,
        }
    }
}

/// Reads the points from a file.
///
/// Errors: `File` if an entry is missing or its shape does not match that of the states
fn read_points(path: &Path, tree: &Tree) -> Result<Points, Diagnostic> {
    let states = tensor_entry(path, tree, "states", (2, "[k, s]"))?;
    let (k, s) = states.dims2().map_err(Error::from)?;
    let arrays = PointArrays { path, tree, k };
    let inputs = arrays.entry("inputs", &format!("[{k}, i]"), 2)?;
    let i = tree.tensor("inputs").map_or(0, |inputs| inputs.dims()[1]);
    let states = convert::to_f64(states)?;
    let (error, steps) = (arrays.column("error")?, arrays.column("steps")?);
    let (candidates, hits) = (arrays.column("candidates")?, arrays.column("hits")?);
    let position_error = arrays.column_or("position_error", f64::NAN)?;
    let index = arrays.column_or("index", 0.0)?;
    let point = |at: usize| Point {
        state: states[at * s..][..s].to_vec(),
        input: inputs[at * i..][..i].to_vec(),
        error: error[at],
        label: arrays.label(at).unwrap_or(Label::Failed),
        position_error: position_error[at],
        index: index[at] as i8,
        steps: steps[at] as usize,
        candidate: candidates[at] as usize,
        hits: hits[at] as usize,
    };
    Ok(Points {
        state: s,
        inputs: i,
        points: (0..k).map(point).collect(),
        counts: None,
    })
}

/// A tensor in a file, with `rank` axes.
///
/// Errors: `File` if the entry is missing or has another rank
fn tensor_entry<'a>(
    path: &Path,
    tree: &'a Tree,
    key: &str,
    (rank, expected): (usize, &str),
) -> Result<&'a Tensor> {
    let Some(tensor) = tree.tensor(key) else {
        let (key, found) = (key.to_string(), tree.paths());
        return Err(Error::file(path, FileError::Entry { key, found }));
    };
    match tensor.rank() == rank {
        true => Ok(tensor),
        false => Err(entry_shape_error(path, key, expected, tensor)),
    }
}

fn entry_shape_error(path: &Path, key: &str, expected: &str, tensor: &Tensor) -> Error {
    let error = FileError::EntryShape {
        key: key.to_string(),
        expected: expected.to_string(),
        found: tensor.dims().to_vec(),
    };
    Error::file(path, error)
}

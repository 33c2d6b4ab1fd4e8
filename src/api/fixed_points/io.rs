//! Fixed points in HDF5 files.

use std::rc::Rc;

use super::FixedPoints;
use crate::analysis::fixed_points::{Label, Point, Points};
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::file_kind::{POINTS, other_kind};
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
    /// > fixed_points::load("points.h5").of(net).modes().class
    /// = ["stable"]
    fn save(cx: &Context, this: Rc<FixedPoints>, path: String) -> () {
        let points = &this.points;
        let k = points.points.len();
        let column = |number: &dyn Fn(&Point) -> f64| -> Result<Tree> {
            let numbers: Vec<f64> = points.points.iter().map(number).collect();
            Ok(Tree::Tensor(convert::from_f64(numbers, &[k], DType::F64)?))
        };
        let labels = points.points.iter().map(|point| Tree::Text(point.label.name().into()));
        let tensor = |numbers, features| convert::from_f64(numbers, &[k, features], DType::F64);
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
        let mut attributes = io::Map::from([("holds".into(), Tree::Text(POINTS.into()))]);
        if let Some(network) = &this.network {
            let network = metadata::describe(network).into_iter();
            attributes.extend(network.map(|(name, what)| (format!("network_{name}"), what)));
        }
        h5::save(cx, &path, &tree, attributes, 0)
    }

    /// Loads points that `save` wrote, without their network: `points.with_network(net)` assigns it.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 }).save("some.h5");
    /// > fixed_points::load("some.h5").count()
    /// = 1
    fn load(cx: &Context, path: String) -> New<FixedPoints> {
        let (content, source) = (h5::load(cx, &path)?, cx.input_path(&path)?);
        let attributes = content.attributes.get("").cloned().unwrap_or_default();
        let is_own = matches!(attributes.get("holds"), Some(Tree::Text(what)) if what == POINTS);
        let other = match is_own {
            true => None,
            false => other_kind(&source, &attributes, "fixed points that `save` wrote"),
        };
        if let Some(error) = other {
            return Err(error.into());
        }
        let points = points(&source, &content.tree)?;
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
                op: "fixed_points.of",
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

/// Reads the points from a file.
///
/// Errors: `File` if an entry is missing or its shape does not match that of the states
fn points(path: &std::path::Path, tree: &Tree) -> Result<Points, Diagnostic> {
    let entry = |key: &str| -> Result<&Tensor> {
        tree.tensor(key).ok_or_else(|| {
            let (key, found) = (key.to_string(), tree.paths());
            Error::file(path, FileError::Entry { key, found })
        })
    };
    let shaped = |key: &str, expected: &str, rank: usize, rows: Option<usize>| -> Result<&Tensor> {
        let tensor = entry(key)?;
        if tensor.rank() == rank && rows.is_none_or(|rows| tensor.dims()[0] == rows) {
            return Ok(tensor);
        }
        let (key, expected) = (key.to_string(), expected.to_string());
        let found = tensor.dims().to_vec();
        let error = FileError::EntryShape {
            key,
            expected,
            found,
        };
        Err(Error::file(path, error))
    };
    let states = shaped("states", "[k, s]", 2, None)?;
    let (k, s) = states.dims2().map_err(Error::from)?;
    let inputs = shaped("inputs", &format!("[{k}, i]"), 2, Some(k))?;
    let i = inputs.dims()[1];
    let column = |key: &str| convert::to_f64(shaped(key, &format!("[{k}]"), 1, Some(k))?);
    let (error, steps) = (column("error")?, column("steps")?);
    let (candidates, hits) = (column("candidates")?, column("hits")?);
    // Files of earlier versions contain neither of these entries.
    let newer = |key: &str, unknown: f64| match tree.tensor(key) {
        Some(_) => column(key),
        None => Ok(vec![unknown; k]),
    };
    let (position_error, index) = (newer("position_error", f64::NAN)?, newer("index", 0.0)?);
    let label = |at: usize| match tree.at("labels") {
        Some(Tree::List(labels)) => match labels.get(at) {
            Some(Tree::Text(name)) => Label::from_name(name),
            _ => None,
        },
        _ => None,
    };
    let (states, inputs) = (convert::to_f64(states)?, convert::to_f64(inputs)?);
    let point = |at: usize| Point {
        state: states[at * s..][..s].to_vec(),
        input: inputs[at * i..][..i].to_vec(),
        error: error[at],
        label: label(at).unwrap_or(Label::Failed),
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

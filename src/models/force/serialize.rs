//! Serialization of a network: its weights, its state, and P in the factored form that training
//! uses, so that resumed training produces the same bits.

use std::path::Path;

use super::Network;
use crate::base::{Error, Result};
use crate::io::hdf5::Content;
use crate::io::{Lookup, Map, Tree};
use crate::ops::Lanes;
use crate::ops::force::{
    Dense, InverseCorrelation, InverseParts, Matrix, RecurrentUpdates, Weights,
};
use crate::tensor::{Device, Precision, Tensor, convert};

/// The value of the attribute `what`, which identifies the file.
pub const KIND: &str = "force network";
const EQUATION: &str = "a' = a + dt/tau (-a + wI x + wR h + wF z), h = tanh(a'), z = wO h; \
                        P = factor (base - sum over k of scales[k] v[k] v[k]'), \
                        where base is alpha 1 if there is none";

impl<T: Lanes> Network<T> {
    /// The entries and the attributes of a file.
    pub fn to_tree(&self) -> Result<(Tree, Map)> {
        let (n, i, m) = (self.sizes.units, self.sizes.inputs, self.sizes.outputs);
        let w = &self.weights;
        let arrays = [
            ("a0", self.a0.clone(), vec![n]),
            ("wI", w.input.to_row_major(), vec![n, i]),
            ("wR", self.recurrent().to_row_major(), vec![n, n]),
            ("wF", w.feedback.to_row_major(), vec![n, m]),
            ("wO", w.output.to_row_major(), vec![m, n]),
            ("a", self.state.a.clone(), vec![n]),
            ("z", self.state.z.clone(), vec![m]),
        ];
        let mut entries = tensor_map(arrays)?;
        if let Some(inverse) = &self.inverse {
            entries.insert("P".into(), Tree::Map(inverse_entries(inverse.parts())?));
            if let Some(recurrence) = &self.recurrence {
                let k = inverse.pending_count();
                let mut parts =
                    tensor_map([("arriving", recurrence.recurrent_input().to_vec(), vec![n])])?;
                if k > 0 {
                    parts.extend(tensor_map([
                        ("base", w.recurrent.to_row_major(), vec![n, n]),
                        ("errors", recurrence.errors(k), vec![n, k]),
                    ])?);
                }
                entries.insert("recurrence".into(), Tree::Map(parts));
            }
        }
        let attributes = Map::from([
            ("what".into(), KIND.into()),
            ("equation".into(), EQUATION.into()),
            ("dt".into(), self.dt.into()),
            ("tau".into(), self.tau.into()),
        ]);
        Ok((Tree::Map(entries), attributes))
    }

    /// The network in a file.
    ///
    /// Errors: `File` if an entry is missing or has the wrong shape; `NotFinite`
    pub fn from_content(path: &Path, content: &Content) -> Result<Network<T>> {
        let file = Lookup {
            path,
            tree: &content.tree,
        };
        let attributes = content.attributes.get("");
        let number = |name: &str| match attributes.and_then(|map| map.get(name)) {
            Some(Tree::Float(x)) if x.is_finite() && *x > 0.0 => Ok(*x),
            found => Err(Error::Kind {
                of: format!("{}: attribute `{name}`", path.display()),
                expected: "a number above 0".into(),
                found: found.map_or("no entry", Tree::kind).into(),
            }),
        };
        let [n] = file.shape("a0")?;
        let [_, i] = file.shape("wI")?;
        let [m, _] = file.shape("wO")?;
        let weights = Weights {
            input: Dense::new(&array(file, "wI", &[n, i])?, n, i),
            recurrent: Matrix::new(&array(file, "wR", &[n, n])?, n, n),
            feedback: Dense::new(&array(file, "wF", &[n, m])?, n, m),
            output: Dense::new(&array(file, "wO", &[m, n])?, m, n),
        };
        let constants = [number("dt")?, number("tau")?];
        let mut network = Network::new(weights, array(file, "a0", &[n])?, constants);
        network.state.a = array(file, "a", &[n])?;
        network.state.z = array(file, "z", &[m])?;
        if content.tree.at("P").is_some() {
            network.inverse = Some(inverse(file, n)?);
        }
        if content.tree.at("recurrence").is_some() {
            network.load_recurrence(file, n)?;
        }
        Ok(network)
    }

    /// Restores the pending updates of wR.
    ///
    /// Errors: those of the entries; `File` if P has no pending updates
    fn load_recurrence(&mut self, file: Lookup<'_>, n: usize) -> Result<()> {
        let k = self
            .inverse
            .as_ref()
            .map_or(0, InverseCorrelation::pending_count);
        let recurrent_input = array(file, "recurrence/arriving", &[n])?;
        let (mut base, mut errors) = (self.weights.recurrent.to_row_major(), Vec::new());
        if k > 0 {
            base = array(file, "recurrence/base", &[n, n])?;
            errors = array(file, "recurrence/errors", &[n, k])?;
        }
        self.weights.recurrent = Matrix::Dense(Dense::new(&base, n, n));
        self.recurrence = Some(RecurrentUpdates::from_parts(&errors, recurrent_input));
        Ok(())
    }
}

/// The precision of the network in a file; `None` if the file does not contain a network.
pub fn precision(content: &Content) -> Option<Precision> {
    let attributes = content.attributes.get("")?;
    match attributes.get("what") {
        Some(Tree::Text(what)) if what == KIND => {
            Precision::from_dtype(content.tree.tensor("a0")?.dtype())
        }
        _ => None,
    }
}

fn tensor_map<T: Lanes, const N: usize>(arrays: [(&str, Vec<T>, Vec<usize>); N]) -> Result<Map> {
    let entry = |(name, values, shape): (&str, Vec<T>, Vec<usize>)| {
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        Ok((name.to_string(), Tree::Tensor(tensor)))
    };
    arrays.into_iter().map(entry).collect()
}

fn inverse_entries<T: Lanes>(parts: InverseParts<T>) -> Result<Map> {
    let (n, k) = (parts.units, parts.scales.len());
    let mut entries = match k {
        0 => Map::new(),
        _ => tensor_map([
            ("scales", parts.scales, vec![k]),
            ("v", parts.vectors, vec![k, n]),
        ])?,
    };
    if let Some(base) = parts.base {
        entries.extend(tensor_map([("base", base, vec![n, n])])?);
    }
    let steps = parts.steps_since_update as i64;
    entries.insert("steps_since_update".into(), Tree::Int(steps));
    entries.insert("alpha".into(), parts.alpha.double().into());
    entries.insert("factor".into(), parts.factor.double().into());
    Ok(entries)
}

/// The values of one entry. The values of P may be infinite if training diverged.
///
/// Errors: `File` if the entry is missing or has the wrong shape
fn reals<T: Lanes>(file: Lookup<'_>, key: &str, shape: &[usize]) -> Result<Vec<T>> {
    convert::to_vec::<T>(file.tensor_of_shape(key, shape)?)
}

/// The values of one entry, all of them finite.
///
/// Errors: `File` if the entry is missing or has the wrong shape; `NotFinite`
fn array<T: Lanes>(file: Lookup<'_>, key: &str, shape: &[usize]) -> Result<Vec<T>> {
    let values = reals::<T>(file, key, shape)?;
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(values),
        Some(index) => Err(Error::NotFinite {
            of: "force::load",
            what: format!("a value of `{key}`"),
            found: values[index].double(),
            index,
        }),
    }
}

/// P.
///
/// Errors: those of its entries; `File` if the entries are inconsistent
fn inverse<T: Lanes>(file: Lookup<'_>, n: usize) -> Result<InverseCorrelation<T>> {
    let number = |key: &str| match file.tree.number(key) {
        Some(x) if x.is_finite() && x > 0.0 => Ok(T::of(x)),
        _ => Err(file.missing_error(key)),
    };
    let (mut scales, mut vectors) = (Vec::new(), Vec::new());
    if file.tree.at("P/v").is_some() {
        let [k, _] = file.shape("P/v")?;
        scales = array(file, "P/scales", &[k])?;
        vectors = array(file, "P/v", &[k, n])?;
    }
    let base = file
        .tree
        .at("P/base")
        .map(|_| reals(file, "P/base", &[n, n]));
    let parts = InverseParts {
        units: n,
        alpha: number("P/alpha")?,
        steps_since_update: steps_since_update(file)?,
        base: base.transpose()?,
        factor: number("P/factor")?,
        scales,
        vectors,
    };
    Ok(InverseCorrelation::from_parts(&parts))
}

/// Time steps since the last update of P; 0 in files of versions that did not store the count.
///
/// Errors: `Kind` if the value is not a non-negative integer
fn steps_since_update(file: Lookup<'_>) -> Result<usize> {
    match file.tree.at("P/steps_since_update") {
        None => Ok(0),
        Some(Tree::Int(count)) if *count >= 0 => Ok(*count as usize),
        Some(found) => Err(Error::Kind {
            of: format!("{}: entry `P/steps_since_update`", file.path.display()),
            expected: "an integer of 0 or more".into(),
            found: found.kind().into(),
        }),
    }
}

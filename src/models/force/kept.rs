//! A network in a file: its weights, where it stands, and P in the parts that learning keeps it in,
//! so that a training goes on to the bit.

use std::path::Path;

use super::Network;
use crate::base::{Error, Result};
use crate::io::hdf5::Content;
use crate::io::{Entries, Map, Tree};
use crate::ops::Lanes;
use crate::ops::force::{Dense, Inverse, Matrix, Parts, Recurrence, Weights};
use crate::tensor::{DType, Device, Tensor, values};

/// What a file says that it holds.
const WHAT: &str = "force network";
const EQUATION: &str = "a' = a + dt/tau (-a + wI x + wR h + wF z), h = tanh(a'), z = wO h; \
                        P = factor (base - sum over k of scales[k] v[k] v[k]'), \
                        where base is alpha 1 if there is none";

impl<T: Lanes> Network<T> {
    /// The entries of a file, and what it says of itself.
    pub fn kept(&self) -> Result<(Tree, Map)> {
        let (n, i, m) = (self.sizes.units, self.sizes.inputs, self.sizes.outputs);
        let w = &self.weights;
        let arrays = [
            ("a0", self.start.clone(), vec![n]),
            ("wI", w.input.whole(), vec![n, i]),
            ("wR", self.recurrent().whole(), vec![n, n]),
            ("wF", w.feedback.whole(), vec![n, m]),
            ("wO", w.output.whole(), vec![m, n]),
            ("a", self.state.a.clone(), vec![n]),
            ("z", self.state.z.clone(), vec![m]),
        ];
        let mut entries = map_of(arrays)?;
        if let Some(inverse) = &self.inverse {
            entries.insert("P".into(), Tree::Map(entries_of(inverse.parts())?));
            if let Some(recurrence) = &self.recurrence {
                let k = inverse.pending();
                let mut parts = map_of([("arriving", recurrence.arriving().to_vec(), vec![n])])?;
                if k > 0 {
                    parts.extend(map_of([
                        ("base", w.recurrent.whole(), vec![n, n]),
                        ("errors", recurrence.errors(k), vec![n, k]),
                    ])?);
                }
                entries.insert("recurrence".into(), Tree::Map(parts));
            }
        }
        let said = Map::from([
            ("what".into(), WHAT.into()),
            ("equation".into(), EQUATION.into()),
            ("dt".into(), self.dt.into()),
            ("tau".into(), self.tau.into()),
        ]);
        Ok((Tree::Map(entries), said))
    }

    /// The network that a file holds.
    ///
    /// Errors: `File` if an entry is missing, of another shape or not finite
    pub fn of_kept(path: &Path, content: &Content) -> Result<Network<T>> {
        let file = Entries {
            path,
            tree: &content.tree,
        };
        let said = content.attributes.of("");
        let number = |name: &str| match said.and_then(|said| said.get(name)) {
            Some(Tree::Float(x)) if x.is_finite() && *x > 0.0 => Ok(*x),
            found => Err(Error::Kind {
                of: format!("{}: attribute `{name}`", path.display()),
                expected: "a number above 0".into(),
                found: found.map_or("nothing", Tree::kind).into(),
            }),
        };
        let [n] = file.sizes("a0")?;
        let [_, i] = file.sizes("wI")?;
        let [m, _] = file.sizes("wO")?;
        let weights = Weights {
            input: Dense::new(&array(file, "wI", &[n, i])?, n, i),
            recurrent: Matrix::new(&array(file, "wR", &[n, n])?, n, n),
            feedback: Dense::new(&array(file, "wF", &[n, m])?, n, m),
            output: Dense::new(&array(file, "wO", &[m, n])?, m, n),
        };
        let times = [number("dt")?, number("tau")?];
        let mut network = Network::new(weights, array(file, "a0", &[n])?, times);
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

    /// Pending updates of wR.
    ///
    /// Errors: those of the entries, `File` if P has none that they could belong to
    fn load_recurrence(&mut self, file: Entries<'_>, n: usize) -> Result<()> {
        let k = self.inverse.as_ref().map_or(0, Inverse::pending);
        let arriving = array(file, "recurrence/arriving", &[n])?;
        let (mut base, mut errors) = (self.weights.recurrent.whole(), Vec::new());
        if k > 0 {
            base = array(file, "recurrence/base", &[n, n])?;
            errors = array(file, "recurrence/errors", &[n, k])?;
        }
        self.weights.recurrent = Matrix::Dense(Dense::new(&base, n, n));
        self.recurrence = Some(Recurrence::of_parts(&errors, arriving));
        Ok(())
    }
}

/// The kind of number of the network in a file; none if it holds no such network.
pub fn dtype(content: &Content) -> Option<DType> {
    let said = content.attributes.of("")?;
    match said.get("what") {
        Some(Tree::Text(what)) if what == WHAT => Some(content.tree.tensor("a0")?.dtype()),
        _ => None,
    }
}

fn map_of<T: Lanes, const N: usize>(arrays: [(&str, Vec<T>, Vec<usize>); N]) -> Result<Map> {
    let entry = |(name, numbers, shape): (&str, Vec<T>, Vec<usize>)| {
        let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu)?;
        Ok((name.to_string(), Tree::Tensor(tensor)))
    };
    arrays.into_iter().map(entry).collect()
}

fn entries_of<T: Lanes>(parts: Parts<T>) -> Result<Map> {
    let (n, k) = (parts.units, parts.scales.len());
    let mut entries = match k {
        0 => Map::new(),
        _ => map_of([
            ("scales", parts.scales, vec![k]),
            ("v", parts.vectors, vec![k, n]),
        ])?,
    };
    if let Some(base) = parts.base {
        entries.extend(map_of([("base", base, vec![n, n])])?);
    }
    let since = parts.steps_since_update as i64;
    entries.insert("steps_since_update".into(), Tree::Int(since));
    entries.insert("alpha".into(), parts.alpha.double().into());
    entries.insert("factor".into(), parts.factor.double().into());
    Ok(entries)
}

/// The values of one entry. Those of a P that training has lost may be infinite.
///
/// Errors: `File` if it is missing or of another shape
fn reals<T: Lanes>(file: Entries<'_>, key: &str, shape: &[usize]) -> Result<Vec<T>> {
    values::reals::<T>(file.shaped(key, shape)?)
}

/// The values of one entry, all of them finite.
///
/// Errors: `File` if it is missing or of another shape, `NotFinite`
fn array<T: Lanes>(file: Entries<'_>, key: &str, shape: &[usize]) -> Result<Vec<T>> {
    let numbers = reals::<T>(file, key, shape)?;
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(numbers),
        Some(index) => Err(Error::NotFinite {
            of: "force::load",
            what: format!("a number of `{key}`"),
            found: numbers[index].double(),
            index,
        }),
    }
}

/// P.
///
/// Errors: those of its entries, `File` if they cannot be together
fn inverse<T: Lanes>(file: Entries<'_>, n: usize) -> Result<Inverse<T>> {
    let number = |key: &str| match file.tree.number(key) {
        Some(x) if x.is_finite() && x > 0.0 => Ok(T::of(x)),
        _ => Err(file.missing(key)),
    };
    let (mut scales, mut vectors) = (Vec::new(), Vec::new());
    if file.tree.at("P/v").is_some() {
        let [k, _] = file.sizes("P/v")?;
        scales = array(file, "P/scales", &[k])?;
        vectors = array(file, "P/v", &[k, n])?;
    }
    let base = file
        .tree
        .at("P/base")
        .map(|_| reals(file, "P/base", &[n, n]));
    let parts = Parts {
        units: n,
        alpha: number("P/alpha")?,
        steps_since_update: steps_since_update(file)?,
        base: base.transpose()?,
        factor: number("P/factor")?,
        scales,
        vectors,
    };
    Ok(Inverse::of_parts(&parts))
}

/// Time steps since the last update of P: 0 in files of versions that did not count them.
///
/// Errors: `Kind` if it is not a count
fn steps_since_update(file: Entries<'_>) -> Result<usize> {
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

//! A network in a file: its weights, where it stands, and P in the parts that learning keeps it in,
//! so that a training goes on to the bit.

use std::path::Path;

use super::Network;
use crate::base::error::FileFault;
use crate::base::{Error, Result};
use crate::io::hdf5::Content;
use crate::io::{Map, Tree};
use crate::ops::Lanes;
use crate::ops::force::{Dense, Inverse, Matrix, Parts, Weights};
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
            ("wR", w.recurrent.whole(), vec![n, n]),
            ("wF", w.feedback.whole(), vec![n, m]),
            ("wO", w.output.whole(), vec![m, n]),
            ("a", self.state.a.clone(), vec![n]),
            ("z", self.state.z.clone(), vec![m]),
        ];
        let mut entries = map_of(arrays)?;
        if let Some(inverse) = &self.inverse {
            entries.insert("P".into(), Tree::Map(entries_of(inverse.parts())?));
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
        let file = File {
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
        let [n] = file.shape("a0")?;
        let [_, i] = file.shape("wI")?;
        let [m, _] = file.shape("wO")?;
        let weights = Weights {
            input: Dense::new(&file.array("wI", &[n, i])?, n, i),
            recurrent: Matrix::new(&file.array("wR", &[n, n])?, n, n),
            feedback: Dense::new(&file.array("wF", &[n, m])?, n, m),
            output: Dense::new(&file.array("wO", &[m, n])?, m, n),
        };
        let times = [number("dt")?, number("tau")?];
        let mut network = Network::new(weights, file.array("a0", &[n])?, times);
        network.state.a = file.array("a", &[n])?;
        network.state.z = file.array("z", &[m])?;
        if content.tree.at("P").is_some() {
            network.inverse = Some(file.inverse(n)?);
        }
        Ok(network)
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
    entries.insert("alpha".into(), parts.alpha.double().into());
    entries.insert("factor".into(), parts.factor.double().into());
    Ok(entries)
}

struct File<'a> {
    path: &'a Path,
    tree: &'a Tree,
}

impl File<'_> {
    fn tensor(&self, key: &str) -> Result<&Tensor> {
        self.tree.tensor(key).ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &str) -> Error {
        let (key, found) = (key.into(), self.tree.paths());
        Error::file(self.path, FileFault::Entry { key, found })
    }

    fn misshapen(&self, key: &str, expected: String, found: &Tensor) -> Error {
        let (key, found) = (key.into(), found.dims().to_vec());
        Error::file(
            self.path,
            FileFault::EntryShape {
                key,
                expected,
                found,
            },
        )
    }

    fn shape<const N: usize>(&self, key: &str) -> Result<[usize; N]> {
        let tensor = self.tensor(key)?;
        let found = <[usize; N]>::try_from(tensor.dims());
        found.map_err(|_| self.misshapen(key, format!("of {N} axes"), tensor))
    }

    fn array<T: Lanes>(&self, key: &str, shape: &[usize]) -> Result<Vec<T>> {
        let tensor = self.tensor(key)?;
        if tensor.dims() != shape {
            return Err(self.misshapen(key, format!("{shape:?}"), tensor));
        }
        let numbers = values::reals::<T>(tensor)?;
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

    fn inverse<T: Lanes>(&self, n: usize) -> Result<Inverse<T>> {
        let number = |key: &str| match self.tree.number(key) {
            Some(x) if x.is_finite() && x > 0.0 => Ok(T::of(x)),
            _ => Err(self.missing(key)),
        };
        let (mut scales, mut vectors) = (Vec::new(), Vec::new());
        if self.tree.at("P/v").is_some() {
            let [k, _] = self.shape("P/v")?;
            scales = self.array("P/scales", &[k])?;
            vectors = self.array("P/v", &[k, n])?;
        }
        let base = self
            .tree
            .at("P/base")
            .map(|_| self.array("P/base", &[n, n]));
        let parts = Parts {
            units: n,
            alpha: number("P/alpha")?,
            base: base.transpose()?,
            factor: number("P/factor")?,
            scales,
            vectors,
        };
        Inverse::of_parts(&parts).ok_or_else(|| {
            let found = format!("{} vectors in `P/v`, more than wait", parts.scales.len());
            Error::file(self.path, FileFault::Damaged { found })
        })
    }
}

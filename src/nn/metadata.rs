//! Metadata of a network in a file: everything besides the parameters that is needed to rebuild it.

use super::{Cell, Custom, Rnn, Spec};
use crate::base::options::{Choice, Slot};
use crate::base::{Error, Result};
use crate::io::{Map, Tree};
use crate::nn::Network;
use crate::tensor::precision::{build_precision, match_precision};
use crate::tensor::{Precision, Real};

/// The cell name of custom networks in files.
const CUSTOM: &str = "custom";

/// Cell type, sizes, noise, dropout and equation: everything but the parameters.
pub fn describe(network: &Network) -> Map {
    match network {
        Network::BuiltIn(net) => match_precision!(net, net => describe_rnn(net)),
        Network::Custom(net) => match_precision!(net, net => describe_custom(net)),
    }
}

/// The functions of a custom network are part of the script, which the file also contains.
fn describe_custom<T: Real>(net: &Custom<T>) -> Map {
    Map::from([
        ("cell".into(), CUSTOM.into()),
        ("equation".into(), net.equation().into()),
        ("inputs".into(), integer(net.inputs)),
        ("units".into(), integer(net.units)),
        ("outputs".into(), integer(net.outputs)),
        ("noise".into(), net.noise.into()),
    ])
}

/// Whether the metadata describe a custom network, which cannot be rebuilt from a file.
pub fn is_custom(metadata: &Map) -> bool {
    matches!(metadata.get("cell"), Some(Tree::Text(cell)) if cell == CUSTOM)
}

fn integer(n: usize) -> Tree {
    Tree::Int(n as i64)
}

fn describe_rnn<T>(net: &Rnn<T>) -> Map {
    let spec = &net.spec;
    let mut metadata = Map::from([
        ("cell".into(), spec.cell.file_name().into()),
        ("equation".into(), spec.cell.equation().into()),
        ("inputs".into(), integer(spec.inputs)),
        ("units".into(), integer(spec.units)),
        ("outputs".into(), integer(spec.outputs)),
        ("layers".into(), integer(spec.layers)),
        ("bidirectional".into(), (spec.directions == 2).into()),
        ("noise".into(), net.noise.into()),
        ("dropout".into(), net.dropout.into()),
    ]);
    let mut cell = spec.cell;
    for (field, slot) in cell.hyperparameters() {
        metadata.insert(field.name.into(), to_tree(slot));
    }
    metadata
}

/// The value of a hyperparameter.
fn to_tree(slot: Slot) -> Tree {
    match slot {
        Slot::Real(x) => (*x).into(),
        Slot::Choice(choice) => choice.name().into(),
        _ => unreachable!("the hyperparameters of cells are numbers and choices"),
    }
}

/// Whether the metadata describe a network completely, apart from its parameters.
pub fn is_complete(metadata: &Map) -> bool {
    metadata.contains_key("units") && !metadata.contains_key("what")
}

/// A network with parameters 0, from the metadata written by [`describe`], for a file with
/// `available` parameter values. `of` names the source in errors.
///
/// Errors: `Unknown` for an unknown name; `Kind` for a missing value or one of the wrong type;
/// `Range` for a value out of range or for sizes that exceed the parameters in the file
pub fn build(of: &str, metadata: &Map, precision: Precision, available: usize) -> Result<Network> {
    let reader = Reader {
        of,
        attributes: metadata,
    };
    let spec = Spec {
        cell: reader.cell()?,
        inputs: reader.count("inputs", 0)?,
        units: reader.count("units", 1)?,
        outputs: reader.count("outputs", 0)?,
        layers: reader.count("layers", 1)?,
        directions: match reader.attributes.get("bidirectional") {
            Some(Tree::Bool(true)) => 2,
            _ => 1,
        },
    };
    let square = spec.units.saturating_mul(spec.units);
    let required = square.saturating_mul(spec.layers * spec.directions);
    if required > available {
        let expected = format!("consistent with {available} parameter values");
        return Err(reader.range("units", &expected, spec.units.to_string()));
    }
    let (noise, dropout) = (reader.number("noise")?, reader.number("dropout")?);
    if !(noise >= 0.0 && (0.0..1.0).contains(&dropout)) {
        let found = format!("noise {noise}, dropout {dropout}");
        return Err(reader.range("noise", "at least 0, with dropout in [0, 1)", found));
    }
    let net = build_precision!(precision => Rnn {
        noise,
        dropout,
        ..Rnn::zeros(spec)
    });
    Ok(Network::BuiltIn(net))
}

struct Reader<'a> {
    of: &'a str,
    attributes: &'a Map,
}

impl Reader<'_> {
    fn cell(&self) -> Result<Cell> {
        let name = self.text("cell")?;
        let cells = Cell::all();
        let Some(mut cell) = cells.iter().find(|cell| cell.file_name() == name).copied() else {
            let known: Vec<_> = cells.iter().map(Cell::file_name).collect();
            return Err(self.unknown("cell", name, &known));
        };
        for (field, slot) in cell.hyperparameters() {
            match slot {
                Slot::Real(x) => *x = self.number(field.name)?,
                Slot::Choice(choice) => self.choice(field.name, choice)?,
                _ => unreachable!("the hyperparameters of cells are numbers and choices"),
            }
        }
        cell.validate().map_err(|error| self.with_source(error))?;
        Ok(cell)
    }

    fn choice(&self, name: &'static str, choice: &mut dyn Choice) -> Result<()> {
        let value = self.text(name)?;
        match choice.select(value) {
            true => Ok(()),
            false => Err(self.unknown(name, value, choice.names())),
        }
    }

    /// The error of an option, reported for the file.
    fn with_source(&self, error: Error) -> Error {
        match error {
            Error::Range {
                name,
                expected,
                found,
                ..
            } => self.range(&name, &expected, found),
            other => other,
        }
    }

    fn text(&self, name: &str) -> Result<&str> {
        match self.attributes.get(name) {
            Some(Tree::Text(text)) => Ok(text),
            found => Err(self.kind(name, "a string", found)),
        }
    }

    fn number(&self, name: &str) -> Result<f64> {
        match self.attributes.get(name) {
            Some(Tree::Float(x)) => Ok(*x),
            Some(Tree::Int(x)) => Ok(*x as f64),
            found => Err(self.kind(name, "a number", found)),
        }
    }

    fn count(&self, name: &str, least: i64) -> Result<usize> {
        /// Exceeds every size in a file written by this program.
        const MOST: i64 = 1 << 24;
        match self.attributes.get(name) {
            Some(Tree::Int(n)) if (least..=MOST).contains(n) => Ok(*n as usize),
            found => Err(self.kind(name, &format!("an integer of at least {least}"), found)),
        }
    }

    fn range(&self, name: &str, expected: &str, found: String) -> Error {
        Error::Range {
            of: self.of.into(),
            name: name.into(),
            expected: expected.into(),
            found,
        }
    }

    fn kind(&self, name: &str, expected: &str, found: Option<&Tree>) -> Error {
        Error::Kind {
            of: format!("{}: attribute `{name}`", self.of),
            expected: expected.into(),
            found: found.map_or("no entry", Tree::kind).into(),
        }
    }

    fn unknown(&self, sort: &'static str, name: &str, known: &[&str]) -> Error {
        Error::Unknown {
            of: self.of.into(),
            category: sort,
            name: name.into(),
            known: known.iter().map(|word| word.to_string()).collect(),
        }
    }
}

//! What a file says of a network beside its parameters, so that it can be made again.

use super::{Cell, Custom, Plan, Precision, Rnn};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::{Map, Tree};
use crate::nn::Network;
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::ctrnn::Ctrnn;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::gru_torch::GruTorch;
use crate::ops::rnn::lstm::Lstm;
use crate::ops::rnn::vanilla::Vanilla;
use crate::tensor::Real;

/// Cells by the words that files keep.
const CELLS: [&str; 5] = ["vanilla", "gru", "gru_torch", "lstm", "ctrnn"];

/// The word for the cell of a network whose step a user wrote.
const CUSTOM: &str = "custom";

/// Everything but the parameters: cell, sizes, noise, dropout, and the equation in words.
pub fn said(network: &Network) -> Map {
    match network {
        Network::F32(net) => said_of(net),
        Network::F64(net) => said_of(net),
        Network::CustomF32(net) => said_of_custom(net),
        Network::CustomF64(net) => said_of_custom(net),
    }
}

/// The rules are a user's, in the script that the file keeps too.
fn said_of_custom<T: Real>(net: &Custom<T>) -> Map {
    Map::from([
        ("cell".into(), CUSTOM.into()),
        ("equation".into(), net.equation().into()),
        ("inputs".into(), count(net.inputs)),
        ("units".into(), count(net.units)),
        ("outputs".into(), count(net.outputs)),
        ("noise".into(), net.noise.into()),
    ])
}

/// Whether this was said of a network whose step a user wrote, which no file holds.
pub fn is_custom(said: &Map) -> bool {
    matches!(said.get("cell"), Some(Tree::Text(cell)) if cell == CUSTOM)
}

fn count(n: usize) -> Tree {
    Tree::Int(n as i64)
}

fn said_of<T>(net: &Rnn<T>) -> Map {
    let plan = &net.plan;
    let mut said = Map::from([
        ("cell".into(), plan.cell.kept().into()),
        ("equation".into(), plan.cell.equation().into()),
        ("inputs".into(), count(plan.inputs)),
        ("units".into(), count(plan.units)),
        ("outputs".into(), count(plan.outputs)),
        ("layers".into(), count(plan.layers)),
        ("bidirectional".into(), (plan.directions == 2).into()),
        ("noise".into(), net.noise.into()),
        ("dropout".into(), net.dropout.into()),
    ]);
    if let Some(nonlinearity) = plan.cell.nonlinearity() {
        said.insert("nonlinearity".into(), nonlinearity.word().into());
    }
    let numbers: &[(&str, f64)] = match &plan.cell {
        Cell::Gru(gru) => &[("update_bias", gru.update_bias)],
        Cell::Ctrnn(ctrnn) => &[("dt", ctrnn.dt), ("tau", ctrnn.tau)],
        Cell::Vanilla(_) | Cell::GruTorch(_) | Cell::Lstm(_) => &[],
    };
    said.extend(
        numbers
            .iter()
            .map(|(name, x)| (name.to_string(), (*x).into())),
    );
    said
}

/// Whether a file that says this tells all of its network but the parameters.
pub fn tells(said: &Map) -> bool {
    said.contains_key("units") && !said.contains_key("what")
}

/// A network of zeros from what [`said`] gave, for a file that holds so many numbers. `of` says in
/// faults where it was read.
///
/// Errors: `Unknown` for a word that is not known, `Kind` for a value that is missing or of
/// another kind, `Range` for one outside its span or sizes that the file cannot hold
pub fn network(of: &str, said: &Map, precision: Precision, numbers: usize) -> Result<Network> {
    let said = Said { of, said };
    let plan = Plan {
        cell: said.cell()?,
        inputs: said.count("inputs", 0)?,
        units: said.count("units", 1)?,
        outputs: said.count("outputs", 0)?,
        layers: said.count("layers", 1)?,
        directions: match said.said.get("bidirectional") {
            Some(Tree::Bool(true)) => 2,
            _ => 1,
        },
    };
    let square = plan.units.saturating_mul(plan.units);
    let least = square.saturating_mul(plan.layers * plan.directions);
    if least > numbers {
        let expected = format!("that {numbers} parameters are enough for");
        return Err(said.range("units", &expected, plan.units.to_string()));
    }
    let (noise, dropout) = (said.number("noise")?, said.number("dropout")?);
    if !(noise >= 0.0 && (0.0..1.0).contains(&dropout)) {
        let found = format!("noise {noise}, dropout {dropout}");
        return Err(said.range("noise", "of 0 or more, dropout from 0 to below 1", found));
    }
    Ok(match precision {
        Precision::F32 => Network::F32(Rnn {
            noise,
            dropout,
            ..Rnn::zeros(plan)
        }),
        Precision::F64 => Network::F64(Rnn {
            noise,
            dropout,
            ..Rnn::zeros(plan)
        }),
    })
}

struct Said<'a> {
    of: &'a str,
    said: &'a Map,
}

impl Said<'_> {
    fn cell(&self) -> Result<Cell> {
        let word = self.text("cell")?;
        Ok(match word {
            "vanilla" => Cell::Vanilla(Vanilla {
                nonlinearity: self.nonlinearity()?,
            }),
            "gru" => Cell::Gru(Gru {
                update_bias: self.number("update_bias")?,
            }),
            "gru_torch" => Cell::GruTorch(GruTorch),
            "lstm" => Cell::Lstm(Lstm),
            "ctrnn" => Cell::Ctrnn(self.ctrnn()?),
            _ => return Err(self.unknown("cell", word, &CELLS)),
        })
    }

    fn ctrnn(&self) -> Result<Ctrnn> {
        let (dt, tau) = (self.number("dt")?, self.number("tau")?);
        if !(dt > 0.0 && dt <= tau && tau.is_finite()) {
            let found = format!("dt {dt}, tau {tau}");
            return Err(self.range("dt", "above 0 and at most tau", found));
        }
        Ok(Ctrnn {
            nonlinearity: self.nonlinearity()?,
            dt,
            tau,
        })
    }

    fn nonlinearity(&self) -> Result<Nonlinearity> {
        let word = self.text("nonlinearity")?;
        let mut found = Nonlinearity::default();
        match found.choose(word) {
            true => Ok(found),
            false => Err(self.unknown("nonlinearity", word, found.words())),
        }
    }

    fn text(&self, name: &str) -> Result<&str> {
        match self.said.get(name) {
            Some(Tree::Text(text)) => Ok(text),
            found => Err(self.kind(name, "text", found)),
        }
    }

    fn number(&self, name: &str) -> Result<f64> {
        match self.said.get(name) {
            Some(Tree::Float(x)) => Ok(*x),
            Some(Tree::Int(x)) => Ok(*x as f64),
            found => Err(self.kind(name, "a number", found)),
        }
    }

    fn count(&self, name: &str, least: i64) -> Result<usize> {
        /// No file that this program wrote holds larger ones.
        const MOST: i64 = 1 << 24;
        match self.said.get(name) {
            Some(Tree::Int(n)) if (least..=MOST).contains(n) => Ok(*n as usize),
            found => Err(self.kind(name, &format!("a count of {least} or more"), found)),
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
            found: found.map_or("nothing", Tree::kind).into(),
        }
    }

    fn unknown(&self, sort: &'static str, name: &str, known: &[&str]) -> Error {
        Error::Unknown {
            of: self.of.into(),
            sort,
            name: name.into(),
            known: known.iter().map(|word| word.to_string()).collect(),
        }
    }
}

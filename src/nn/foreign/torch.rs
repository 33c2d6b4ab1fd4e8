//! PyTorch's networks: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, and so on for
//! further layers and for `_reverse`, behind any name; cells (`nn.GRUCell`) leave out `_l0`.
//!
//! A matrix of n columns has n rows for each gate: 1 in an RNN, 3 in a GRU (r, z, n), 4 in an LSTM
//! (i, f, g, o). A GRU applies r to wR h + bR, so that its two biases stay two; those of the others
//! only ever occur as a sum.

use super::entries::{Entries, before, last};
use super::kind::{Kind, Strand, reverse, suffix};
use super::{Foreign, readout};
use crate::base::Result;
use crate::base::error::FileFault;
use crate::tensor::{DType, Device, Tensor, arith};

/// The beginnings of the names of recurrent networks, each up to its `weight_hh`.
pub fn prefixes(entries: &Entries) -> Vec<String> {
    let first = |name: &str| matches!(last(name), "weight_hh_l0" | "weight_hh");
    let names = entries.names().filter(|name| first(name));
    names.map(|name| before(name).to_string()).collect()
}

/// The network whose names begin with `prefix`.
///
/// Errors: `File` as [`Foreign::recognise`] says
pub fn read(entries: &Entries, prefix: &str) -> Result<Foreign> {
    refuse_projection(entries, prefix)?;
    let names = Strands::of(entries, prefix);
    let (mut foreign, dtype) = sizes(entries, &names)?;
    let mut first = Vec::new();
    for name in foreign.kind.first() {
        first.push((*name, first_states(entries, name, &foreign, dtype)?));
    }
    let strands: Vec<Strand> = foreign.strands().collect();
    for (at, strand) in strands.into_iter().enumerate() {
        let end = suffix(strand);
        for (name, rows) in &first {
            let row = rows.narrow(0, at, 1)?.squeeze(0)?;
            foreign.blocks.push((format!("{name}{end}"), row));
        }
        let weights = weights(entries, &names, &foreign, strand)?.into_iter();
        let named = weights.map(|(name, tensor)| (format!("{name}{end}"), tensor));
        foreign.blocks.extend(named);
    }
    readout::read(entries, &mut foreign, prefix)?;
    entries.none_left()?;
    Ok(foreign)
}

/// How the strands of one network are named.
struct Strands<'a> {
    prefix: &'a str,
    /// A cell's names say no layer.
    cell: bool,
    biased: bool,
}

impl<'a> Strands<'a> {
    fn of(entries: &Entries, prefix: &'a str) -> Strands<'a> {
        let mut names = Strands {
            prefix,
            cell: entries.has(&format!("{prefix}weight_hh")),
            biased: true,
        };
        let biases = ["bias_ih", "bias_hh"].map(|part| names.name(part, (0, 0)));
        names.biased = biases.iter().any(|name| entries.has(name));
        names
    }

    fn name(&self, part: &str, (layer, way): Strand) -> String {
        match self.cell {
            true => format!("{}{part}", self.prefix),
            false => format!("{}{part}_l{layer}{}", self.prefix, reverse(way)),
        }
    }
}

/// What the network is, without its parameters, and its kind of number.
fn sizes(entries: &Entries, names: &Strands) -> Result<(Foreign, DType)> {
    let name = names.name("weight_hh", (0, 0));
    let axes = "[n, n] of an RNN, [3n, n] of a GRU or [4n, n] of an LSTM";
    let w_rec = entries.take(&name, &[None, None], axes)?;
    let (rows, units) = w_rec.dims2()?;
    let whole = units > 0 && rows.is_multiple_of(units);
    let kind = whole.then(|| Kind::with_gates(rows / units)).flatten();
    let Some(kind) = kind else {
        let (key, found) = (name, w_rec.dims().to_vec());
        let expected = axes.to_string();
        return Err(entries.fault(FileFault::EntryShape {
            key,
            expected,
            found,
        }));
    };
    let name = names.name("weight_ih", (0, 0));
    let w_in = entries.take(&name, &[Some(rows), None], &format!("[{rows}, i]"))?;
    let has = |layer, way| !names.cell && entries.has(&names.name("weight_ih", (layer, way)));
    let foreign = Foreign {
        kind,
        inputs: w_in.dims()[1],
        units,
        outputs: 0,
        layers: (1..).find(|layer| !has(*layer, 0)).unwrap_or(1),
        directions: if has(0, 1) { 2 } else { 1 },
        unsaid: kind == Kind::Vanilla,
        blocks: Vec::new(),
    };
    Ok((foreign, w_rec.dtype()))
}

/// An LSTM may give less than its cells hold: then wR has as many columns as it gives.
fn refuse_projection(entries: &Entries, prefix: &str) -> Result<()> {
    let made = |name: &str| name.starts_with(prefix) && last(name).starts_with("weight_hr");
    let found = entries.shown(entries.left().filter(|(name, _)| made(name)));
    if found.is_empty() {
        return Ok(());
    }
    let expected = "an LSTM that gives its whole state";
    let hint = "make it in PyTorch without `proj_size`";
    Err(entries.strange(expected, found, hint))
}

/// The weights and biases of one strand, by their names here.
fn weights(
    entries: &Entries,
    names: &Strands,
    foreign: &Foreign,
    strand: Strand,
) -> Result<Vec<(&'static str, Tensor)>> {
    let n = foreign.units;
    let rows = foreign.kind.gates() * n;
    let part = |part: &str, shape: &[usize]| entries.take_shape(&names.name(part, strand), shape);
    let w_in = part("weight_ih", &[rows, foreign.features(strand.0)])?;
    let w_rec = part("weight_hh", &[rows, n])?;
    let bias = |part: &str| {
        let name = names.name(part, strand);
        match names.biased {
            true => entries.take_as_stored(&name, &[Some(rows)], &format!("[{rows}]")),
            false => Ok(Tensor::zeros(rows, w_rec.dtype(), w_rec.device())?),
        }
    };
    let (b_in, b_rec) = (bias("bias_ih")?, bias("bias_hh")?);
    let biases = match foreign.kind {
        Kind::GruTorch => vec![
            ("bI", entries.converted(&b_in)?),
            ("bR", entries.converted(&b_rec)?),
        ],
        _ => vec![("bR", sum(&b_in, &b_rec)?.to_dtype(w_rec.dtype())?)],
    };
    Ok([vec![("wI", w_in), ("wR", w_rec)], biases].concat())
}

/// The sum of two biases in f64, to be rounded once.
fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    arith::add(&a.to_dtype(DType::F64)?, &b.to_dtype(DType::F64)?)
}

/// The first states of all strands, [strand, n]: those of the parameter that the caller named, or
/// of one called `h0` (`c0`), with as many numbers, in any shape; else 0, as PyTorch begins.
fn first_states(entries: &Entries, name: &str, foreign: &Foreign, dtype: DType) -> Result<Tensor> {
    let shape = (foreign.layers * foreign.directions, foreign.units);
    let fits = |tensor: &Tensor| tensor.elem_count() == shape.0 * shape.1;
    if let Some(chosen) = entries.first_state(name) {
        let found = entries.left().find(|(known, _)| *known == chosen);
        let sizes = match found {
            Some((_, tensor)) if fits(tensor) => tensor.dims().to_vec(),
            _ => vec![shape.0, 1, shape.1],
        };
        return Ok(entries.take_shape(chosen, &sizes)?.reshape(shape)?);
    }
    let learned = entries
        .left()
        .find(|(known, tensor)| last(known) == name && fits(tensor));
    match learned {
        Some((known, tensor)) => Ok(entries.take_shape(known, tensor.dims())?.reshape(shape)?),
        None => Ok(Tensor::zeros(shape, dtype, &Device::Cpu)?),
    }
}

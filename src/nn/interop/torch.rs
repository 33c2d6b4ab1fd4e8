//! PyTorch networks: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, further layers and
//! the suffix `_reverse`, under any prefix. Cells (`nn.GRUCell`) omit `_l0`.
//!
//! A matrix with n columns has n rows per gate: 1 gate in an RNN, 3 in a GRU (r, z, n), 4 in an
//! LSTM (i, f, g, o). A GRU applies r to wR h + bR, so that its two biases remain separate. The
//! biases of the others only occur as a sum.

use super::portable::PortableNetwork;
use super::sublayer::{Sublayer, reverse, suffix};
use super::tensors::{TensorTable, base_name, parent_path};
use super::{detect, export, readout};
use crate::base::Result;
use crate::base::error::FileError;
use crate::tensor::{DType, Device, Tensor, arith};

/// The name prefixes of the recurrent networks, that is their names up to `weight_hh`.
pub fn prefixes(table: &TensorTable) -> Vec<String> {
    let first = |name: &str| matches!(base_name(name), "weight_hh_l0" | "weight_hh");
    let names = table.names().filter(|name| first(name));
    names.map(|name| parent_path(name).to_string()).collect()
}

/// The network with the name prefix `prefix`.
///
/// Errors: `File` as in [`PortableNetwork::from_tensors`]
pub fn read(table: &TensorTable, prefix: &str) -> Result<PortableNetwork> {
    refuse_projection(table, prefix)?;
    let names = NameScheme::detect(table, prefix);
    let (mut portable, dtype) = sizes(table, &names)?;
    let mut first = Vec::new();
    for name in portable.cell.initial_states() {
        first.push((*name, initial_states(table, name, &portable, dtype)?));
    }
    let sublayers: Vec<Sublayer> = portable.sublayers().collect();
    for (at, sublayer) in sublayers.into_iter().enumerate() {
        let end = suffix(sublayer);
        for (name, rows) in &first {
            let row = rows.narrow(0, at, 1)?.squeeze(0)?;
            portable.blocks.push((format!("{name}{end}"), row));
        }
        let weights = weights(table, &names, &portable, sublayer)?.into_iter();
        let named = weights.map(|(name, tensor)| (format!("{name}{end}"), tensor));
        portable.blocks.extend(named);
    }
    readout::read(table, &mut portable, prefix)?;
    table.check_all_used()?;
    Ok(portable)
}

/// The naming scheme of the sublayers of one network.
struct NameScheme<'a> {
    prefix: &'a str,
    /// Whether the network is a cell, whose names do not include a layer.
    cell: bool,
    has_bias: bool,
}

impl<'a> NameScheme<'a> {
    fn detect(table: &TensorTable, prefix: &'a str) -> NameScheme<'a> {
        let mut names = NameScheme {
            prefix,
            cell: table.has(&format!("{prefix}weight_hh")),
            has_bias: true,
        };
        let biases = ["bias_ih", "bias_hh"].map(|part| names.name(part, (0, 0)));
        names.has_bias = biases.iter().any(|name| table.has(name));
        names
    }

    fn name(&self, part: &str, (layer, direction): Sublayer) -> String {
        match self.cell {
            true => format!("{}{part}", self.prefix),
            false => format!("{}{part}_l{layer}{}", self.prefix, reverse(direction)),
        }
    }
}

/// The network without its parameters, and its dtype.
fn sizes(table: &TensorTable, names: &NameScheme) -> Result<(PortableNetwork, DType)> {
    let name = names.name("weight_hh", (0, 0));
    let axes = "[n, n] of an RNN, [3n, n] of a GRU or [4n, n] of an LSTM";
    let w_rec = table.take(&name, &[None, None], axes)?;
    let (rows, units) = w_rec.dims2()?;
    let divisible = units > 0 && rows.is_multiple_of(units);
    let cell = divisible
        .then(|| detect::cell_with_gates(rows / units))
        .flatten();
    let Some(cell) = cell else {
        let (key, found) = (name, w_rec.dims().to_vec());
        let expected = axes.to_string();
        return Err(table.error(FileError::EntryShape {
            key,
            expected,
            found,
        }));
    };
    let name = names.name("weight_ih", (0, 0));
    let w_in = table.take(&name, &[Some(rows), None], &format!("[{rows}, i]"))?;
    let has =
        |layer, direction| !names.cell && table.has(&names.name("weight_ih", (layer, direction)));
    let portable = PortableNetwork {
        cell,
        inputs: w_in.dims()[1],
        units,
        outputs: 0,
        layers: (1..).find(|layer| !has(*layer, 0)).unwrap_or(1),
        directions: if has(0, 1) { 2 } else { 1 },
        torch_names: true,
        ambiguous_nonlinearity: cell.nonlinearity().is_some(),
        blocks: Vec::new(),
    };
    Ok((portable, w_rec.dtype()))
}

/// An LSTM with a projection outputs fewer values than its cell has; wR then has as many columns as
/// there are outputs.
fn refuse_projection(table: &TensorTable, prefix: &str) -> Result<()> {
    let is_projection =
        |name: &str| name.starts_with(prefix) && base_name(name).starts_with("weight_hr");
    let found = table.describe(table.unused().filter(|(name, _)| is_projection(name)));
    if found.is_empty() {
        return Ok(());
    }
    let expected = "an LSTM without a projection";
    let hint = "create it in PyTorch without `proj_size`";
    Err(table.unexpected(expected, found, hint))
}

/// The weights and biases of one sublayer, under the names of this program.
fn weights(
    table: &TensorTable,
    names: &NameScheme,
    portable: &PortableNetwork,
    sublayer: Sublayer,
) -> Result<Vec<(&'static str, Tensor)>> {
    let n = portable.units;
    let layout = export::torch_layout(&portable.cell)?;
    let rows = layout.gates * n;
    let part = |part: &str, shape: &[usize]| table.take_shape(&names.name(part, sublayer), shape);
    let w_in = part("weight_ih", &[rows, portable.layer_inputs(sublayer.0)])?;
    let w_rec = part("weight_hh", &[rows, n])?;
    let bias = |part: &str| {
        let name = names.name(part, sublayer);
        match names.has_bias {
            true => table.take_as_stored(&name, &[Some(rows)], &format!("[{rows}]")),
            false => Ok(Tensor::zeros(rows, w_rec.dtype(), w_rec.device())?),
        }
    };
    let (b_in, b_rec) = (bias("bias_ih")?, bias("bias_hh")?);
    let biases = match layout.separate_biases {
        true => vec![
            ("bI", table.to_network_dtype(&b_in)?),
            ("bR", table.to_network_dtype(&b_rec)?),
        ],
        false => vec![("bR", sum(&b_in, &b_rec)?.to_dtype(w_rec.dtype())?)],
    };
    Ok([vec![("wI", w_in), ("wR", w_rec)], biases].concat())
}

/// The sum of two biases in f64, so that it is rounded only once.
fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    arith::add(&a.to_dtype(DType::F64)?, &b.to_dtype(DType::F64)?)
}

/// The initial states of all sublayers, [sublayers, n]: the parameter that the
/// caller named, or one called `h0` (`c0`) with the same number of elements in any shape; otherwise
/// 0, the default of PyTorch.
fn initial_states(
    table: &TensorTable,
    name: &str,
    portable: &PortableNetwork,
    dtype: DType,
) -> Result<Tensor> {
    let shape = (portable.layers * portable.directions, portable.units);
    let fits = |tensor: &Tensor| tensor.elem_count() == shape.0 * shape.1;
    if let Some(selected) = table.initial_state(name) {
        let found = table.unused().find(|(known, _)| *known == selected);
        let sizes = match found {
            Some((_, tensor)) if fits(tensor) => tensor.dims().to_vec(),
            _ => vec![shape.0, 1, shape.1],
        };
        return Ok(table.take_shape(selected, &sizes)?.reshape(shape)?);
    }
    let learned = table
        .unused()
        .find(|(known, tensor)| base_name(known) == name && fits(tensor));
    match learned {
        Some((known, tensor)) => Ok(table.take_shape(known, tensor.dims())?.reshape(shape)?),
        None => Ok(Tensor::zeros(shape, dtype, &Device::Cpu)?),
    }
}

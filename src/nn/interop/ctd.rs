//! Networks with the parameter names of this program, which are those of the
//! computation-thru-dynamics notebooks: h0, wI, wR, bR, wO, bO; for the GRU of the notebooks wRUHX,
//! wCHX, bRU, bC. Tensors with other names are ignored.

use super::PortableNetwork;
use super::layout::{CellKind, suffix};
use super::tensors::{TensorTable, base_name, parent_path};
use crate::base::Result;
use crate::base::error::FileError;
use crate::tensor::{DType, Device, Tensor};

/// The name prefixes of the recurrent networks, that is their names up to the recurrent matrix.
pub fn prefixes(table: &TensorTable) -> Vec<String> {
    let first = |name: &str| matches!(base_name(name), "wR" | "wRUHX");
    let names = table.names().filter(|name| first(name));
    names.map(|name| parent_path(name).to_string()).collect()
}

/// The network with the name prefix `prefix`.
///
/// Errors: `File` if a parameter is missing or its shape contradicts the others
pub fn read(table: &TensorTable, prefix: &str) -> Result<PortableNetwork> {
    let (mut portable, dtype) = sizes(table, prefix)?;
    let sublayers: Vec<_> = portable.sublayers().collect();
    for sublayer in sublayers {
        let inputs = portable.layer_inputs(sublayer.0);
        for (name, shape) in portable.kind.blocks(inputs, portable.units) {
            let name = format!("{name}{}", suffix(sublayer));
            let key = format!("{prefix}{name}");
            let is_initial = portable
                .kind
                .initial_states()
                .iter()
                .any(|first| name.starts_with(first));
            let tensor = match is_initial && !table.has(&key) {
                true => Tensor::zeros(shape, dtype, &Device::Cpu)?,
                false => table.take_shape(&key, &shape)?,
            };
            portable.blocks.push((name, tensor));
        }
    }
    let name = |part: &str| format!("{prefix}{part}");
    if table.has(&name("wO")) {
        let width = portable.readout_inputs();
        let w_out = table.take(&name("wO"), &[None, Some(width)], &format!("[o, {width}]"))?;
        portable.outputs = w_out.dims()[0];
        let b_out = table.take_shape(&name("bO"), &[portable.outputs])?;
        portable
            .blocks
            .extend([("wO".into(), w_out), ("bO".into(), b_out)]);
    }
    Ok(portable)
}

/// The network without its parameters, and its dtype.
fn sizes(table: &TensorTable, prefix: &str) -> Result<(PortableNetwork, DType)> {
    let gru = table.has(&format!("{prefix}wRUHX"));
    let (word, axes) = match gru {
        true => ("wCHX", "[n, n + i]"),
        false => ("wR", "[n, n], [3n, n] or [4n, n]"),
    };
    let name = format!("{prefix}{word}");
    let matrix = table.take(&name, &[None, None], axes)?;
    let (rows, columns) = matrix.dims2()?;
    let Some((kind, units)) = detect_kind(gru, rows, columns) else {
        let (key, found) = (name, vec![rows, columns]);
        let expected = axes.to_string();
        return Err(table.error(FileError::EntryShape {
            key,
            expected,
            found,
        }));
    };
    let inputs = match kind {
        CellKind::Gru => columns - units,
        _ => inputs(table, prefix, rows)?,
    };
    let has = |sublayer| table.has(&format!("{name}{}", suffix(sublayer)));
    let portable = PortableNetwork {
        kind,
        inputs,
        units,
        outputs: 0,
        layers: (1..).find(|layer| !has((*layer, 0))).unwrap_or(1),
        directions: if has((0, 1)) { 2 } else { 1 },
        torch_names: false,
        ambiguous_nonlinearity: false,
        blocks: Vec::new(),
    };
    Ok((portable, matrix.dtype()))
}

/// The cell type and the number of units, from the shape of a matrix: wCHX for the GRU of the
/// notebooks, otherwise wR.
fn detect_kind(gru: bool, rows: usize, columns: usize) -> Option<(CellKind, usize)> {
    if gru {
        return (rows > 0 && columns >= rows).then_some((CellKind::Gru, rows));
    }
    let divisible = columns > 0 && rows.is_multiple_of(columns);
    let gates = divisible.then(|| rows / columns)?;
    CellKind::with_gates(gates).map(|kind| (kind, columns))
}

fn inputs(table: &TensorTable, prefix: &str, rows: usize) -> Result<usize> {
    let axes = format!("[{rows}, i]");
    let w_in = table.take(&format!("{prefix}wI"), &[Some(rows), None], &axes)?;
    Ok(w_in.dims()[1])
}

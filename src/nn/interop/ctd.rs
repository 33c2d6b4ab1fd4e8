//! Networks with the parameter names of this program, which are those of the
//! computation-thru-dynamics notebooks: h0, wI, wR, bR, wO, bO; for the GRU of the notebooks wRUHX,
//! wCHX, bRU, bC. Tensors with other names are ignored.

use super::detect::{self, MatrixShape};
use super::portable::PortableNetwork;
use super::sublayer::suffix;
use super::tensors::{TensorTable, base_name, parent_path};
use crate::base::Result;
use crate::base::error::FileError;
use crate::nn::Cell;
use crate::ops::rnn::cells::WeightKind;
use crate::tensor::{DType, Device, Tensor};

/// The name prefixes of the recurrent networks, that is their names up to the recurrent matrix.
pub fn prefixes(table: &TensorTable) -> Vec<String> {
    let first = |name: &&str| detect::is_recurrent_matrix(base_name(name));
    let names = table.names().filter(first);
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
        for (name, shape) in portable.cell.blocks(inputs, portable.units) {
            let is_initial = portable.cell.initial_states().contains(&name);
            let name = format!("{name}{}", suffix(sublayer));
            let key = format!("{prefix}{name}");
            let tensor = match is_initial && !table.has(&key) {
                true => Tensor::zeros(shape, dtype, &Device::Cpu)?,
                false => table.take_shape(&key, &shape)?,
            };
            portable.blocks.push((name, tensor));
        }
    }
    read_readout(table, &mut portable, prefix)?;
    Ok(portable)
}

/// Adds the readout, if there is one.
fn read_readout(table: &TensorTable, portable: &mut PortableNetwork, prefix: &str) -> Result<()> {
    let name = |part: &str| format!("{prefix}{part}");
    if !table.has(&name("wO")) {
        return Ok(());
    }
    let width = portable.readout_inputs();
    let w_out = table.take(&name("wO"), &[None, Some(width)], &format!("[o, {width}]"))?;
    portable.outputs = w_out.dims()[0];
    let b_out = table.take_shape(&name("bO"), &[portable.outputs])?;
    let readout = [("wO".into(), w_out), ("bO".into(), b_out)];
    portable.blocks.extend(readout);
    Ok(())
}

/// The network without its parameters, and its dtype.
fn sizes(table: &TensorTable, prefix: &str) -> Result<(PortableNetwork, DType)> {
    let candidates = detect::candidates(|name| table.has(&format!("{prefix}{name}")));
    let (_, shape) = candidates
        .first()
        .expect("the prefix is that of the recurrent matrix of a cell");
    let name = format!("{prefix}{}", shape.name);
    let axes = describe_shapes(&candidates);
    let matrix = table.take(&name, &[None, None], &axes)?;
    let (rows, columns) = matrix.dims2()?;
    let fit = |(cell, shape): &(Cell, MatrixShape)| Some((*cell, shape.units([rows, columns])?));
    let Some((cell, units)) = candidates.iter().find_map(fit) else {
        return Err(table.error(FileError::EntryShape {
            key: name,
            expected: axes,
            found: vec![rows, columns],
        }));
    };
    let has = |sublayer| table.has(&format!("{name}{}", suffix(sublayer)));
    let portable = PortableNetwork {
        cell,
        inputs: inputs(table, prefix, (&cell, units))?,
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

/// The distinct shapes of the candidates, for errors.
fn describe_shapes(candidates: &[(Cell, MatrixShape)]) -> String {
    let mut shapes: Vec<String> = Vec::new();
    for (_, shape) in candidates {
        let shape = shape.to_string();
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    match shapes.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => shapes.concat(),
    }
}

/// The number of inputs, from the columns of the input matrix.
fn inputs(table: &TensorTable, prefix: &str, (cell, units): (&Cell, usize)) -> Result<usize> {
    let shape = MatrixShape::last(cell, WeightKind::Input).expect("every cell has inputs");
    let rows = shape.row_count(units);
    let name = format!("{prefix}{}", shape.name);
    let matrix = table.take(&name, &[Some(rows), None], &format!("[{rows}, i]"))?;
    Ok(shape.inputs(units, matrix.dims()[1]))
}

//! Networks under the names that they have here, which are those of the computation-thru-dynamics
//! notebooks: h0, wI, wR, bR, wO, bO; the notebooks' GRU has wRUHX, wCHX, bRU, bC.
//! Entries of other names are passed over.

use super::Foreign;
use super::entries::{Entries, before, last};
use super::kind::{Kind, suffix};
use crate::base::Result;
use crate::base::error::FileFault;
use crate::tensor::{DType, Device, Tensor};

/// The beginnings of the names of recurrent networks, each up to its recurrent matrix.
pub fn prefixes(entries: &Entries) -> Vec<String> {
    let first = |name: &str| matches!(last(name), "wR" | "wRUHX");
    let names = entries.names().filter(|name| first(name));
    names.map(|name| before(name).to_string()).collect()
}

/// The network whose names begin with `prefix`.
///
/// Errors: `File` if a parameter is missing or of another shape than the others ask for
pub fn read(entries: &Entries, prefix: &str) -> Result<Foreign> {
    let (mut foreign, dtype) = sizes(entries, prefix)?;
    let strands: Vec<_> = foreign.strands().collect();
    for strand in strands {
        let inputs = foreign.features(strand.0);
        for (name, shape) in foreign.kind.blocks(inputs, foreign.units) {
            let name = format!("{name}{}", suffix(strand));
            let key = format!("{prefix}{name}");
            let starts = foreign
                .kind
                .first()
                .iter()
                .any(|first| name.starts_with(first));
            let tensor = match starts && !entries.has(&key) {
                true => Tensor::zeros(shape, dtype, &Device::Cpu)?,
                false => entries.take_shape(&key, &shape)?,
            };
            foreign.blocks.push((name, tensor));
        }
    }
    let name = |part: &str| format!("{prefix}{part}");
    if entries.has(&name("wO")) {
        let read = foreign.read();
        let w_out = entries.take(&name("wO"), &[None, Some(read)], &format!("[o, {read}]"))?;
        foreign.outputs = w_out.dims()[0];
        let b_out = entries.take_shape(&name("bO"), &[foreign.outputs])?;
        foreign
            .blocks
            .extend([("wO".into(), w_out), ("bO".into(), b_out)]);
    }
    Ok(foreign)
}

/// What the network is, without its parameters, and its kind of number.
fn sizes(entries: &Entries, prefix: &str) -> Result<(Foreign, DType)> {
    let gru = entries.has(&format!("{prefix}wRUHX"));
    let (word, axes) = match gru {
        true => ("wCHX", "[n, n + i]"),
        false => ("wR", "[n, n], [3n, n] or [4n, n]"),
    };
    let name = format!("{prefix}{word}");
    let matrix = entries.take(&name, &[None, None], axes)?;
    let (rows, columns) = matrix.dims2()?;
    let Some((kind, units)) = told(gru, rows, columns) else {
        let (key, found) = (name, vec![rows, columns]);
        let expected = axes.to_string();
        return Err(entries.fault(FileFault::EntryShape {
            key,
            expected,
            found,
        }));
    };
    let inputs = match kind {
        Kind::Gru => columns - units,
        _ => inputs(entries, prefix, rows)?,
    };
    let has = |strand| entries.has(&format!("{name}{}", suffix(strand)));
    let foreign = Foreign {
        kind,
        inputs,
        units,
        outputs: 0,
        layers: (1..).find(|layer| !has((*layer, 0))).unwrap_or(1),
        directions: if has((0, 1)) { 2 } else { 1 },
        unsaid: false,
        blocks: Vec::new(),
    };
    Ok((foreign, matrix.dtype()))
}

/// The kind and the units of a network with a matrix of this shape: wCHX of the notebooks' GRU,
/// else wR.
fn told(gru: bool, rows: usize, columns: usize) -> Option<(Kind, usize)> {
    if gru {
        return (rows > 0 && columns >= rows).then_some((Kind::Gru, rows));
    }
    let whole = columns > 0 && rows.is_multiple_of(columns);
    let gates = whole.then(|| rows / columns)?;
    Kind::with_gates(gates).map(|kind| (kind, columns))
}

fn inputs(entries: &Entries, prefix: &str, rows: usize) -> Result<usize> {
    let axes = format!("[{rows}, i]");
    let w_in = entries.take(&format!("{prefix}wI"), &[Some(rows), None], &axes)?;
    Ok(w_in.dims()[1])
}

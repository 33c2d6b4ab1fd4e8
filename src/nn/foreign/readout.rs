//! The linear readout beside a network of PyTorch: `weight` [o, d n] and `bias` [o] under any name.

use super::Foreign;
use super::entries::{Entries, before, last};
use crate::base::Result;
use crate::tensor::Tensor;

/// Adds the readout, if there is one: that of the name which the caller gave, else the only one of
/// a shape that fits.
///
/// Errors: `File` if there are several, or the named one is missing or of another shape
pub fn read(entries: &Entries, foreign: &mut Foreign) -> Result<()> {
    let name = match entries.readout() {
        Some(given) if given.ends_with('.') => given.to_string(),
        Some(given) => format!("{given}."),
        None => match fitting(entries, foreign.read())? {
            Some(found) => found,
            None => return Ok(()),
        },
    };
    let read = foreign.read();
    let axes = format!("[o, {read}]");
    let w_out = entries.take(&format!("{name}weight"), &[None, Some(read)], &axes)?;
    let outputs = w_out.dims()[0];
    let bias = format!("{name}bias");
    let b_out = match entries.has(&bias) {
        true => entries.take_shape(&bias, &[outputs])?,
        false => Tensor::zeros(outputs, w_out.dtype(), w_out.device())?,
    };
    foreign.outputs = outputs;
    foreign
        .blocks
        .extend([("wO".into(), w_out), ("bO".into(), b_out)]);
    Ok(())
}

/// The name of the only matrix that can read `read` numbers, up to its `weight`.
fn fitting(entries: &Entries, read: usize) -> Result<Option<String>> {
    let fits = |(name, tensor): &(&str, &Tensor)| {
        last(name) == "weight" && tensor.rank() == 2 && tensor.dims()[1] == read
    };
    let found: Vec<(&str, &Tensor)> = entries.left().filter(fits).collect();
    match found.as_slice() {
        [] => Ok(None),
        [(name, _)] => Ok(Some(before(name).to_string())),
        _ => {
            let found = entries.shown(found.into_iter());
            let hint = "name the readout with the option `readout`";
            Err(entries.strange("one linear readout", found, hint))
        }
    }
}

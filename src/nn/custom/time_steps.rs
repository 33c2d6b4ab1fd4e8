//! Division of an array into time steps.

use crate::base::Result;
use crate::tensor::Tensor;

/// The time steps of an array.
///
/// Shapes: [b, t, f] -> t tensors [b, f]
pub(super) fn split_steps(x: &Tensor) -> Result<Vec<Tensor>> {
    let mut parts = Vec::with_capacity(x.dims()[1]);
    split_halves(&x.transpose(0, 1)?.contiguous()?, &mut parts)?;
    Ok(parts)
}

/// Splits recursively into halves. The gradient of a slice has the size of the tensor that it was
/// taken from: t slices of the whole tensor would need t times its memory, halves need log t times.
fn split_halves(x: &Tensor, parts: &mut Vec<Tensor>) -> Result<()> {
    match x.dims()[0] {
        0 => {}
        1 => parts.push(x.squeeze(0)?),
        count => {
            split_halves(&x.narrow(0, 0, count / 2)?, parts)?;
            split_halves(&x.narrow(0, count / 2, count - count / 2)?, parts)?;
        }
    }
    Ok(())
}

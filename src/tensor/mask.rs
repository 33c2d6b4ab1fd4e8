//! Masks: arrays of u8 in which 0 is false and any other value is true.

use super::shape::broadcast;
use super::{DType, Tensor, pointwise};
use crate::base::Result;

/// Combines two arrays elementwise as booleans.
///
/// Errors: `Shapes` if the shapes cannot be broadcast
pub fn combine(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    operator: fn(bool, bool) -> bool,
) -> Result<Tensor> {
    let shape = broadcast(op, left.dims(), right.dims())?;
    let elements = |t: &Tensor| -> Result<Vec<u8>> {
        let full = truths(t)?.broadcast_as(shape.as_slice())?;
        Ok(full.flatten_all()?.to_vec1()?)
    };
    let pairs = elements(left)?.into_iter().zip(elements(right)?);
    let results: Vec<u8> = pairs
        .map(|(l, r)| u8::from(operator(l != 0, r != 0)))
        .collect();
    Ok(Tensor::from_vec(results, shape.as_slice(), left.device())?)
}

/// 1 where the element is 0, otherwise 0.
pub fn negate(t: &Tensor) -> Result<Tensor> {
    pointwise::map_bool(t, |x| x == 0.0)
}

/// The array as a mask: u8, not 0 where the element is not 0.
pub fn truths(t: &Tensor) -> Result<Tensor> {
    if t.dtype() == DType::U8 {
        return Ok(t.clone());
    }
    pointwise::map_bool(t, |x| x != 0.0)
}

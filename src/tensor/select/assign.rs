//! Replacement of selected elements. The result is a new array; its gradient reaches the elements
//! that remain, and the new elements.

use candle_core::WithDType;

use super::axis_index::AxisIndex;
use super::resolve::{self, Selection};
use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor, convert, indexing, shape};

/// A copy of `t` in which `values`, broadcast to the shape of the selection, replace the selected
/// elements. If the selection contains an element twice, the last value remains.
///
/// Errors: those of `select`; `Shapes` if `values` cannot be broadcast; `Range` for a value that
/// the dtype of `t` cannot represent
pub fn assign(t: &Tensor, indices: &[AxisIndex], values: &Tensor) -> Result<Tensor> {
    let selectors = resolve::selectors(t.dims(), indices)?;
    let selection = Selection::new(t.dims(), &selectors)?;
    let values = broadcast_values(&selection.shape, values)?;
    check_representable(&values, t.dtype())?;
    let values = values.to_dtype(t.dtype())?.contiguous()?.flatten_all()?;
    let flat = t.contiguous()?.flatten_all()?;
    let changed = if t.track_op() || values.track_op() {
        assign_tracked(&flat, &selection, &values)?
    } else {
        match t.dtype() {
            DType::F32 => replace::<f32>(&flat, &selection, &values)?,
            DType::F64 => replace::<f64>(&flat, &selection, &values)?,
            DType::U8 => replace::<u8>(&flat, &selection, &values)?,
            _ => replace::<i64>(&flat, &selection, &values)?.to_dtype(t.dtype())?,
        }
    };
    Ok(changed.reshape(t.shape())?)
}

/// The values, broadcast to the shape of the selection. As in NumPy, leading axes of length 1 are
/// dropped if there are too many.
fn broadcast_values(selected: &[usize], values: &Tensor) -> Result<Tensor> {
    let mut values = values.clone();
    while values.rank() > selected.len() && values.dims()[0] == 1 {
        values = values.squeeze(0)?;
    }
    match shape::broadcast("index_assign", selected, values.dims()) {
        Ok(shape) if shape == selected => Ok(values.broadcast_as(selected)?),
        _ => Err(Error::Shapes {
            op: "index_assign",
            left: selected.to_vec(),
            right: values.dims().to_vec(),
        }),
    }
}

/// Errors: `Range` for a fraction, or a value out of range, in an array of integers
fn check_representable(values: &Tensor, dtype: DType) -> Result<()> {
    if dtype.is_float() || values.dtype() == dtype {
        return Ok(());
    }
    let fits = |x: f64| {
        let in_range = dtype != DType::U8 || (0.0..=255.0).contains(&x);
        x.fract() == 0.0 && in_range
    };
    let wrong = convert::to_f64(values)?.into_iter().find(|x| !fits(*x));
    wrong.map_or(Ok(()), |x| {
        Err(Error::Range {
            of: "index_assign".into(),
            name: "values".into(),
            expected: format!("that a tensor of {} can contain", dtype.as_str()),
            found: x.to_string(),
        })
    })
}

/// The flat array after the replacement.
fn replace<T: WithDType>(flat: &Tensor, selection: &Selection, values: &Tensor) -> Result<Tensor> {
    let dtype = flat.dtype();
    let count = flat.elem_count();
    let mut elements: Vec<T> = flat.detach().to_dtype(T::DTYPE)?.to_vec1()?;
    let mut values = values.to_dtype(T::DTYPE)?.to_vec1::<T>()?.into_iter();
    selection.for_each(&mut |position| {
        if let Some(value) = values.next() {
            elements[position] = value;
        }
    });
    Ok(Tensor::from_vec(elements, count, flat.device())?.to_dtype(dtype)?)
}

/// The flat array after the replacement, with its gradient: each element comes from the old array
/// or from the new values.
fn assign_tracked(flat: &Tensor, selection: &Selection, values: &Tensor) -> Result<Tensor> {
    let count = flat.elem_count();
    let mut sources: Vec<usize> = (0..count).collect();
    let mut next = count;
    selection.for_each(&mut |position| {
        sources[position] = next;
        next += 1;
    });
    let joined = indexing::cat(&[flat.clone(), values.clone()], 0)?;
    indexing::select_indices(&joined, 0, &sources)
}

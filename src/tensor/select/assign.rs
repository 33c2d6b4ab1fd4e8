//! Replacement of selected elements. The result is a new array; its gradient reaches the elements
//! that remain, and the new elements.

use candle_core::{CpuStorage, InplaceOp1, Layout, WithDType};

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

/// Maximum number of elements that are replaced in place: a larger assignment is interruptible.
const MAX_IN_PLACE: usize = 1 << 18;

/// Replaces the selected elements of `t` by `values` without a copy. The caller ensures that no
/// other array shares the elements. Returns whether this was possible; otherwise `t` is unchanged.
///
/// Errors: those of [`assign`]; `t` is unchanged
pub fn assign_in_place(t: &Tensor, indices: &[AxisIndex], values: &Tensor) -> Result<bool> {
    let selectors = resolve::selectors(t.dims(), indices)?;
    let selection = Selection::new(t.dims(), &selectors)?;
    let is_tracked = t.track_op() || values.track_op();
    if is_tracked || !t.is_contiguous() || selection.count() > MAX_IN_PLACE {
        return Ok(false);
    }
    let values = broadcast_values(&selection.shape, values)?;
    check_representable(&values, t.dtype())?;
    let values = values.to_dtype(t.dtype())?.contiguous()?.flatten_all()?;
    match t.dtype() {
        DType::F32 => t.inplace_op1(&Replacement(&selection, values.to_vec1::<f32>()?))?,
        DType::F64 => t.inplace_op1(&Replacement(&selection, values.to_vec1::<f64>()?))?,
        DType::U8 => t.inplace_op1(&Replacement(&selection, values.to_vec1::<u8>()?))?,
        DType::I64 => t.inplace_op1(&Replacement(&selection, values.to_vec1::<i64>()?))?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The new values of the selected elements of a contiguous array.
struct Replacement<'a, T>(&'a Selection, Vec<T>);

impl<T: Element> InplaceOp1 for Replacement<'_, T> {
    fn name(&self) -> &'static str {
        "index_assign"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let Some(elements) = T::elements(storage) else {
            candle_core::bail!("index_assign: expected {}", T::DTYPE.as_str())
        };
        let elements = &mut elements[layout.start_offset()..];
        let mut values = self.1.iter();
        self.0.for_each(&mut |position| {
            if let Some(value) = values.next() {
                elements[position] = *value;
            }
        });
        Ok(())
    }
}

/// An element type of the arrays that change in place.
trait Element: WithDType {
    fn elements(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

macro_rules! elements {
    ($($type:ty: $variant:ident),*) => { $(
        impl Element for $type {
            fn elements(storage: &mut CpuStorage) -> Option<&mut [Self]> {
                match storage {
                    CpuStorage::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        }
    )* };
}

elements!(f32: F32, f64: F64, u8: U8, i64: I64);

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

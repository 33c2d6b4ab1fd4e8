//! Selection of elements by one index per axis, with the rules of NumPy: integers, slices, index
//! arrays and masks.
//!
//! An integer removes its axis. An index array replaces its axis by its own axes, and a mask
//! replaces as many axes as it has by one. Several index arrays are broadcast against each other
//! and select element by element; their axes come first if a slice separates them. An integer
//! beside an index array is an index array without axes. Axes without an index remain whole.

mod assign;
mod axis_index;
mod element;
mod resolve;

pub use assign::{assign, assign_in_place};
pub use axis_index::AxisIndex;
pub use element::{Element, element};

use self::resolve::{AxisSelector, Selection};
use super::{Tensor, indexing};
use crate::base::Result;

/// The selected part of `t`, with its gradient.
///
/// Errors: `Axis` for more indices than axes; `Index` for an index out of bounds; `Shape` for a
/// mask of another shape; `Shapes` for index arrays that cannot be broadcast
pub fn select(t: &Tensor, indices: &[AxisIndex]) -> Result<Tensor> {
    let selectors = resolve::selectors(t.dims(), indices)?;
    let arrays = selectors
        .iter()
        .filter(|selector| matches!(selector, AxisSelector::Array(_)))
        .count();
    match arrays {
        0 => select_slices(t, &selectors),
        1 => select_array(t, &selectors),
        _ => select_elements(t, &selectors),
    }
}

/// The shape of the result of [`select`], without its elements.
pub fn selected_shape(dims: &[usize], indices: &[AxisIndex]) -> Result<Vec<usize>> {
    resolve::selected_shape(&resolve::selectors(dims, indices)?)
}

/// Integers and slices only: a view, where all steps are 1.
fn select_slices(t: &Tensor, selectors: &[AxisSelector]) -> Result<Tensor> {
    let mut part = t.clone();
    let mut axis = 0;
    for selector in selectors {
        match selector {
            AxisSelector::At(index) => {
                part = indexing::part(&part, axis, *index, 1)?.squeeze(axis)?;
                continue;
            }
            AxisSelector::Range(start, count) if *count == part.dims()[axis] && *start == 0 => {}
            AxisSelector::Range(start, count) => {
                part = indexing::part(&part, axis, *start, *count)?;
            }
            AxisSelector::Steps(positions) => {
                part = indexing::select_indices(&part, axis, positions)?;
            }
            AxisSelector::Array(_) => unreachable!("`select` handles index arrays"),
        }
        axis += 1;
    }
    Ok(part)
}

/// One index array, beside slices.
fn select_array(t: &Tensor, selectors: &[AxisSelector]) -> Result<Tensor> {
    // The slices first: the index array then copies only elements of the result.
    let whole = |selector: &AxisSelector, size: usize| match selector {
        AxisSelector::Array(_) => AxisSelector::Range(0, size),
        other => other.clone(),
    };
    let slices = selectors.iter().zip(t.dims());
    let slices: Vec<AxisSelector> = slices.map(|(s, &size)| whole(s, size)).collect();
    let part = select_slices(t, &slices)?;
    let mut axis = 0;
    for selector in selectors {
        match selector {
            AxisSelector::Array(array) => {
                let selected = indexing::select_indices(&part, axis, &array.positions)?;
                let dims = part.dims();
                let shape = [&dims[..axis], &array.shape, &dims[axis + 1..]].concat();
                return Ok(selected.reshape(shape)?);
            }
            _ => axis += 1,
        }
    }
    Ok(part)
}

/// Any selection, element by element.
fn select_elements(t: &Tensor, selectors: &[AxisSelector]) -> Result<Tensor> {
    let selection = Selection::new(t.dims(), selectors)?;
    let mut positions = Vec::with_capacity(selection.count());
    selection.for_each(&mut |position| positions.push(position));
    let flat = t.contiguous()?.flatten_all()?;
    Ok(indexing::select_indices(&flat, 0, &positions)?.reshape(selection.shape)?)
}

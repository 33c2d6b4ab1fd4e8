//! Positions of the selected elements: indices of scripts, which can be negative or open, become
//! positions in the array.

use super::super::shape::{self, broadcast};
use super::super::{Tensor, indexing, integers};
use super::AxisIndex;
use crate::base::{Error, Result};

/// The positions that are selected along one axis.
#[derive(Debug, Clone)]
pub(super) enum AxisSelector {
    /// One position; removes the axis.
    At(usize),
    /// Start and number of adjacent positions.
    Range(usize, usize),
    /// Positions with another step than 1.
    Steps(Vec<usize>),
    Array(IndexArray),
}

/// Positions along one axis, in an array of any shape.
#[derive(Debug, Clone)]
pub(super) struct IndexArray {
    pub shape: Vec<usize>,
    pub positions: Vec<usize>,
}

/// The selected elements of a contiguous array.
pub(super) struct Selection {
    /// The shape of the result.
    pub shape: Vec<usize>,
    /// The elements lie at the sums of one offset of each list, in row-major order.
    offsets: Vec<Vec<usize>>,
}

/// One selector for each axis of an array of this shape.
pub(super) fn selectors(dims: &[usize], indices: &[AxisIndex]) -> Result<Vec<AxisSelector>> {
    let axes: usize = indices.iter().map(AxisIndex::axes).sum();
    let rests = indices.iter().filter(|i| matches!(i, AxisIndex::Rest));
    let rests = rests.count();
    if axes > dims.len() {
        return Err(Error::Axis {
            op: "index",
            axis: axes as i64 - 1,
            rank: dims.len(),
        });
    }
    if rests > 1 {
        let fact = "more than one `...`";
        return Err(Error::Algebra { op: "index", fact });
    }
    let mut selectors = Vec::with_capacity(dims.len());
    for index in indices {
        let axis = selectors.len();
        match index {
            AxisIndex::Rest => {
                let rest = &dims[axis..axis + dims.len() - axes];
                selectors.extend(rest.iter().map(|&size| AxisSelector::Range(0, size)));
            }
            AxisIndex::Mask(mask) => selectors.extend(mask_selectors(mask, &dims[axis..])?),
            index => selectors.push(selector(index, dims[axis])?),
        }
    }
    let rest = &dims[selectors.len()..];
    selectors.extend(rest.iter().map(|&size| AxisSelector::Range(0, size)));
    broadcast_integers(&mut selectors);
    Ok(selectors)
}

/// Beside an index array, an integer is an index array without axes, as in NumPy.
fn broadcast_integers(selectors: &mut [AxisSelector]) {
    let is_array = |selector: &AxisSelector| matches!(selector, AxisSelector::Array(_));
    if !selectors.iter().any(is_array) {
        return;
    }
    for selector in selectors {
        if let AxisSelector::At(position) = *selector {
            *selector = AxisSelector::Array(IndexArray {
                shape: Vec::new(),
                positions: vec![position],
            });
        }
    }
}

/// The selector of one axis of length `size`.
fn selector(index: &AxisIndex, size: usize) -> Result<AxisSelector> {
    match index {
        AxisIndex::At(index) => Ok(AxisSelector::At(shape::index("index", *index, size)?)),
        AxisIndex::Slice { from, to, step: 1 } => {
            let (start, count) = shape::slice_range("slice", from.unwrap_or(0), *to, size)?;
            Ok(AxisSelector::Range(start, count))
        }
        AxisIndex::Slice { from, to, step } => {
            Ok(AxisSelector::Steps(stepped(*from, *to, *step, size)?))
        }
        AxisIndex::Indices(indices) => {
            let positions = integers::to_vec(indices)?;
            let position = |index: i64| shape::index("index", index, size);
            Ok(AxisSelector::Array(IndexArray {
                shape: indices.dims().to_vec(),
                positions: positions.into_iter().map(position).collect::<Result<_>>()?,
            }))
        }
        AxisIndex::Mask(_) | AxisIndex::Rest => unreachable!("these take several axes or none"),
    }
}

/// The positions of a slice whose step is not 1.
fn stepped(from: Option<i64>, to: Option<i64>, step: i64, size: usize) -> Result<Vec<usize>> {
    let width = step.unsigned_abs() as usize;
    if step == 0 {
        return Err(Error::Range {
            of: "slice".into(),
            name: "step".into(),
            expected: "other than 0".into(),
            found: "0".into(),
        });
    }
    if step > 0 {
        let (start, count) = shape::slice_range("slice", from.unwrap_or(0), to, size)?;
        return Ok((start..start + count).step_by(width).collect());
    }
    // Counts down from `from` (included) to `to` (excluded).
    let last = match from {
        Some(from) => shape::index("slice", from, size)? + 1,
        None => size,
    };
    let first = match to {
        Some(to) => shape::index("slice", to, size)? + 1,
        None => 0,
    };
    Ok((first..last.max(first)).rev().step_by(width).collect())
}

/// One index array for each axis of a mask.
///
/// Errors: `Shape` if the leading axes in `dims` differ from those of the mask
fn mask_selectors(mask: &Tensor, dims: &[usize]) -> Result<Vec<AxisSelector>> {
    if mask.dims() != &dims[..mask.rank()] {
        return Err(Error::Shape {
            op: "index",
            what: "a mask",
            expected: format!("{:?}", &dims[..mask.rank()]),
            found: mask.dims().to_vec(),
        });
    }
    let places = indexing::argwhere(mask)?;
    let count = places.dims()[0];
    let columns = integers::to_vec(&places.t()?.contiguous()?)?;
    let array = |axis: usize| {
        let column = &columns[axis * count..(axis + 1) * count];
        AxisSelector::Array(IndexArray {
            shape: vec![count],
            positions: column.iter().map(|&at| at as usize).collect(),
        })
    };
    Ok((0..mask.rank()).map(array).collect())
}

impl Selection {
    /// Errors: `Shapes` if index arrays cannot be broadcast
    pub fn new(dims: &[usize], selectors: Vec<AxisSelector>) -> Result<Selection> {
        let shared = shared_shape(&selectors)?;
        let mut selection = Selection {
            shape: Vec::new(),
            offsets: Vec::new(),
        };
        // Where the axes of the index arrays appear: in the result, and in the lists of offsets.
        let mut arrays: Option<[usize; 2]> = None;
        let mut array_offsets = vec![0; shared.iter().product()];
        let mut base = 0;
        let (mut last_array, mut separated) = (None, false);
        for (axis, selector) in selectors.iter().enumerate() {
            let stride: usize = dims[axis + 1..].iter().product();
            let positions: Vec<usize> = match selector {
                AxisSelector::At(index) => {
                    base += index * stride;
                    continue;
                }
                AxisSelector::Range(start, count) => (*start..start + count).collect(),
                AxisSelector::Steps(positions) => positions.clone(),
                AxisSelector::Array(array) => {
                    add_offsets(&mut array_offsets, &shared, array, stride);
                    let at = [selection.shape.len(), selection.offsets.len()];
                    separated |= last_array.is_some_and(|last| last != at);
                    last_array = Some(at);
                    arrays.get_or_insert(at);
                    continue;
                }
            };
            selection.shape.push(positions.len());
            let offsets = positions.into_iter().map(|at| at * stride);
            selection.offsets.push(offsets.collect());
        }
        if let Some(at) = arrays {
            let [at_axis, at_list] = if separated { [0, 0] } else { at };
            selection.shape.splice(at_axis..at_axis, shared);
            selection.offsets.insert(at_list, array_offsets);
        }
        selection.offsets.insert(0, vec![base]);
        Ok(selection)
    }

    /// Number of selected elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Calls `visit` with the position of each selected element, in row-major order.
    pub fn for_each(&self, visit: &mut impl FnMut(usize)) {
        visit_sums(&self.offsets, 0, visit);
    }
}

fn visit_sums(offsets: &[Vec<usize>], base: usize, visit: &mut impl FnMut(usize)) {
    match offsets {
        [] => {}
        [last] => last.iter().for_each(|offset| visit(base + offset)),
        [first, rest @ ..] => {
            for offset in first {
                visit_sums(rest, base + offset, visit);
            }
        }
    }
}

/// The broadcast shape of all index arrays.
fn shared_shape(selectors: &[AxisSelector]) -> Result<Vec<usize>> {
    let mut shared = Vec::new();
    for selector in selectors {
        if let AxisSelector::Array(array) = selector {
            shared = broadcast("index", &shared, &array.shape)?;
        }
    }
    Ok(shared)
}

/// Adds the offsets of an index array, broadcast to the shape `shared`.
fn add_offsets(offsets: &mut [usize], shared: &[usize], array: &IndexArray, stride: usize) {
    for (flat, offset) in offsets.iter_mut().enumerate() {
        let (mut remainder, mut at, mut step) = (flat, 0, 1);
        for axis in (0..shared.len()).rev() {
            let index = remainder % shared[axis];
            remainder /= shared[axis];
            let Some(own) = (axis + array.shape.len()).checked_sub(shared.len()) else {
                continue;
            };
            if array.shape[own] > 1 {
                at += index * step;
            }
            step *= array.shape[own];
        }
        *offset += array.positions[at] * stride;
    }
}

//! Positions of the selected elements: indices of scripts, which can be negative or open, become
//! positions in the array.

use super::axis_index::AxisIndex;
use crate::base::{Error, Result};
use crate::tensor::shape::{self, broadcast};
use crate::tensor::{Tensor, indexing, integers};

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

/// The axes of the result.
struct Placement {
    /// The lengths of the axes that are selected by slices.
    slices: Vec<usize>,
    /// The broadcast shape of the index arrays.
    arrays: Vec<usize>,
    /// Number of slices before the axes of the index arrays; `None` without index arrays.
    at: Option<usize>,
}

/// The shape of the selected part, without its elements.
///
/// Errors: `Shapes` if index arrays cannot be broadcast
pub(super) fn selected_shape(selectors: &[AxisSelector]) -> Result<Vec<usize>> {
    Ok(placement(selectors)?.shape())
}

fn placement(selectors: &[AxisSelector]) -> Result<Placement> {
    let (mut slices, mut arrays) = (Vec::new(), Vec::new());
    let (mut first, mut last) = (None, None);
    for selector in selectors {
        match selector {
            AxisSelector::At(_) => {}
            AxisSelector::Range(_, count) => slices.push(*count),
            AxisSelector::Steps(positions) => slices.push(positions.len()),
            AxisSelector::Array(array) => {
                arrays = broadcast("index", &arrays, &array.shape)?;
                first.get_or_insert(slices.len());
                last = Some(slices.len());
            }
        }
    }
    // The axes of separated index arrays come first.
    let at = if first == last { first } else { Some(0) };
    Ok(Placement { slices, arrays, at })
}

impl Placement {
    fn shape(&self) -> Vec<usize> {
        let mut shape = self.slices.clone();
        if let Some(at) = self.at {
            shape.splice(at..at, self.arrays.iter().copied());
        }
        shape
    }
}

impl Selection {
    /// Errors: `Shapes` if index arrays cannot be broadcast
    pub fn new(dims: &[usize], selectors: &[AxisSelector]) -> Result<Selection> {
        let placement = placement(selectors)?;
        let mut array_offsets = vec![0; placement.arrays.iter().product()];
        let (mut base, mut offsets) = (0, Vec::new());
        for (axis, selector) in selectors.iter().enumerate() {
            let stride: usize = dims[axis + 1..].iter().product();
            let scaled = |at: usize| at * stride;
            match selector {
                AxisSelector::At(index) => base += index * stride,
                AxisSelector::Range(start, count) => {
                    offsets.push((*start..start + count).map(scaled).collect());
                }
                AxisSelector::Steps(positions) => {
                    offsets.push(positions.iter().copied().map(scaled).collect());
                }
                AxisSelector::Array(array) => {
                    add_offsets(&mut array_offsets, &placement.arrays, array, stride);
                }
            }
        }
        if let Some(at) = placement.at {
            offsets.insert(at, array_offsets);
        }
        offsets.insert(0, vec![base]);
        let shape = placement.shape();
        Ok(Selection { shape, offsets })
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

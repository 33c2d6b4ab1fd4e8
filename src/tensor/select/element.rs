//! Single elements, without an intermediate array.

use candle_core::{CpuStorage, Storage};

use super::axis_index::AxisIndex;
use crate::tensor::{Tensor, shape};

/// An element of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Element {
    Integer(i64),
    Float(f64),
}

/// The element at one integer for each axis; `None` for other indices, for an index out of bounds,
/// and for an array with a gradient.
pub fn element(t: &Tensor, indices: &[AxisIndex]) -> Option<Element> {
    if t.track_op() || indices.len() != t.rank() {
        return None;
    }
    let (storage, layout) = t.storage_and_layout();
    let mut position = layout.start_offset();
    for ((index, size), stride) in indices.iter().zip(t.dims()).zip(layout.stride()) {
        let AxisIndex::At(index) = index else {
            return None;
        };
        position += shape::index("index", *index, *size).ok()? * stride;
    }
    match &*storage {
        Storage::Cpu(CpuStorage::F32(x)) => Some(Element::Float(f64::from(x[position]))),
        Storage::Cpu(CpuStorage::F64(x)) => Some(Element::Float(x[position])),
        Storage::Cpu(CpuStorage::I64(x)) => Some(Element::Integer(x[position])),
        Storage::Cpu(CpuStorage::U8(x)) => Some(Element::Integer(x[position].into())),
        _ => None,
    }
}

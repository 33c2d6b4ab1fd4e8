//! Arithmetic of small arrays of floats without a gradient: one allocation and one loop. For a few
//! elements, the general path takes several times as long as the arithmetic itself.

use candle_core::{CpuStorage, Layout, Storage};

use super::{Device, Real, Tensor};
use crate::base::Result;

/// Maximum number of elements. From here on the overhead of the general path is negligible.
const MAX_ELEMENTS: usize = 1 << 12;

/// The results of an operation, in single or double precision, for two small contiguous arrays of
/// one dtype, with equal shapes or of which one has a single element; `None` for other arrays.
#[inline(always)]
pub(super) fn zip_with(
    l: &Tensor,
    r: &Tensor,
    single: impl Fn(f32, f32) -> f32,
    double: impl Fn(f64, f64) -> f64,
) -> Result<Option<Tensor>> {
    let shape = match (l.dims(), r.dims()) {
        (left, right) if left == right => left,
        (left, right) if r.elem_count() == 1 && right.len() <= left.len() => left,
        (left, right) if l.elem_count() == 1 && left.len() <= right.len() => right,
        _ => return Ok(None),
    };
    if shape.iter().product::<usize>() > MAX_ELEMENTS || l.track_op() || r.track_op() {
        return Ok(None);
    }
    let (left, left_layout) = l.storage_and_layout();
    let (right, right_layout) = r.storage_and_layout();
    let layouts = [left_layout, right_layout];
    match (&*left, &*right) {
        (Storage::Cpu(CpuStorage::F32(l)), Storage::Cpu(CpuStorage::F32(r))) => {
            results(l, r, layouts, shape, single)
        }
        (Storage::Cpu(CpuStorage::F64(l)), Storage::Cpu(CpuStorage::F64(r))) => {
            results(l, r, layouts, shape, double)
        }
        _ => Ok(None),
    }
}

fn results<T: Real>(
    l: &[T],
    r: &[T],
    [l_layout, r_layout]: [&Layout; 2],
    shape: &[usize],
    f: impl Fn(T, T) -> T,
) -> Result<Option<Tensor>> {
    let offsets = (l_layout.contiguous_offsets(), r_layout.contiguous_offsets());
    let (Some((l_start, l_end)), Some((r_start, r_end))) = offsets else {
        return Ok(None);
    };
    let results: Vec<T> = match (&l[l_start..l_end], &r[r_start..r_end]) {
        (l, r) if l.len() == r.len() => l.iter().zip(r).map(|(l, r)| f(*l, *r)).collect(),
        (l, [r]) => l.iter().map(|l| f(*l, *r)).collect(),
        ([l], r) => r.iter().map(|r| f(*l, *r)).collect(),
        _ => return Ok(None),
    };
    Ok(Some(Tensor::from_vec(results, shape, &Device::Cpu)?))
}

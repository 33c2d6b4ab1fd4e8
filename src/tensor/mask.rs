//! Masks: arrays of u8 in which 0 is false and any other value is true.

use candle_core::{CpuStorage, Storage};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::shape::broadcast;
use super::{DType, Tensor, convert, pointwise};
use crate::base::Result;

/// Number of elements per task of a thread.
const CHUNK: usize = 1 << 16;
/// Number of elements that are compared before the search can stop.
const STRIDE: usize = 128;

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

/// Whether any element is nonzero; NaN is nonzero.
pub fn any(t: &Tensor) -> Result<bool> {
    contains(t, Wanted::NonZero)
}

/// Whether all elements are nonzero, which is true if there are none.
pub fn all(t: &Tensor) -> Result<bool> {
    Ok(!contains(t, Wanted::Zero)?)
}

/// The elements that a search looks for.
#[derive(Clone, Copy)]
enum Wanted {
    Zero,
    NonZero,
}

/// Whether `t` contains such an element. The search stops at the first one.
fn contains(t: &Tensor, wanted: Wanted) -> Result<bool> {
    let t = t.contiguous()?;
    let (storage, layout) = t.storage_and_layout();
    let start = layout.start_offset();
    let range = start..start + layout.shape().elem_count();
    Ok(match &*storage {
        Storage::Cpu(CpuStorage::U8(x)) => find(&x[range], wanted),
        Storage::Cpu(CpuStorage::F32(x)) => find(&x[range], wanted),
        Storage::Cpu(CpuStorage::F64(x)) => find(&x[range], wanted),
        Storage::Cpu(CpuStorage::I64(x)) => find(&x[range], wanted),
        _ => find(&convert::to_f64(&t)?, wanted),
    })
}

fn find<T: Copy + Default + PartialEq + Sync>(x: &[T], wanted: Wanted) -> bool {
    let zero = T::default();
    match wanted {
        Wanted::Zero => search(x, |x| x == zero),
        Wanted::NonZero => search(x, |x| x != zero),
    }
}

/// Whether any element satisfies the predicate.
fn search<T: Copy + Sync>(x: &[T], predicate: impl Fn(T) -> bool + Sync) -> bool {
    let any_of = |block: &[T]| block.iter().fold(false, |any, x| any | predicate(*x));
    let search_chunk = |chunk: &[T]| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let (blocks, rest) = chunk.as_chunks::<STRIDE>();
                blocks.iter().any(|block| any_of(block)) || any_of(rest)
            },
        )
    };
    match x.len() <= CHUNK {
        true => search_chunk(x),
        false => x.par_chunks(CHUNK).any(search_chunk),
    }
}

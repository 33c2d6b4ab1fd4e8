//! Fills slices from a key: assigns counters to elements, in blocks of lanes, with several threads
//! for long slices.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::threefry::{LANES, counters, threefry, threefry_lanes, wide_counters};
use super::{Key, Layout};

/// Number of elements per thread task: about ten microseconds, well above the cost of dispatching a
/// task.
const CHUNK: usize = 1 << 15;
/// Maximum number of elements per key in the original layout, which has 32-bit counters.
const ORIGINAL_LIMIT: usize = u32::MAX as usize;

/// Converts random words to elements, one word per element.
pub trait Distribution: Sync {
    type Word: Word;
    type Out: Copy + Default + Send;
    /// Writes `out`; may read its previous contents.
    fn apply(&self, words: &[Self::Word; LANES], out: &mut [Self::Out; LANES]);
}

/// A random word of 32 or 64 bits.
pub trait Word: Sized + Copy + Sync {
    /// One word per encrypted counter of the partitionable layout.
    fn from_blocks(blocks: [[u32; LANES]; 2]) -> [Self; LANES];
    /// Fills `out` in the original layout.
    fn fill_original<R: Distribution<Word = Self>>(
        key: [u32; 2],
        out: &mut [R::Out],
        distribution: &R,
    );
}

impl Key {
    /// Fills `out` from `distribution`, in the layout of this key.
    pub(super) fn fill<R: Distribution>(&self, out: &mut [R::Out], distribution: &R) {
        match self.layout() {
            Layout::Partitionable => self.fill_from(0, out, distribution),
            Layout::Original if out.len() < ORIGINAL_LIMIT => {
                R::Word::fill_original(self.words(), out, distribution);
            }
            Layout::Original => {
                let n = out.len() / ORIGINAL_LIMIT + 1;
                for (i, part) in out.chunks_mut(ORIGINAL_LIMIT).enumerate() {
                    R::Word::fill_original(self.split_nth(i, n).words(), part, distribution);
                }
            }
        }
    }

    /// Fills `out` with the elements of the partitionable layout from index `start`.
    pub(super) fn fill_from<R: Distribution>(
        &self,
        start: u64,
        out: &mut [R::Out],
        distribution: &R,
    ) {
        let key = self.words();
        fill_chunks(out, |first, out| {
            let source = PartitionableWords {
                key,
                start: start.wrapping_add(first as u64),
            };
            pulp::Arch::new().dispatch(FillJob {
                distribution,
                out,
                source,
            });
        });
    }
}

impl Word for u32 {
    #[inline(always)]
    fn from_blocks([mut words, second]: [[u32; LANES]; 2]) -> [u32; LANES] {
        for l in 0..LANES {
            words[l] ^= second[l];
        }
        words
    }

    /// Uses both words of a block: the first in the lower half of `out`, the second in the upper
    /// half. For an odd number of elements the second counter of the last block is 0.
    fn fill_original<R: Distribution<Word = u32>>(
        key: [u32; 2],
        out: &mut [R::Out],
        distribution: &R,
    ) {
        let offset = out.len().div_ceil(2);
        let (mut low, high) = out.split_at_mut(offset);
        if low.len() > high.len() {
            let (pairs, out) = low.split_at_mut(offset - 1);
            let source = RepeatedWord(threefry(key, [offset as u32 - 1, 0])[0]);
            pulp::Arch::new().dispatch(FillJob {
                distribution,
                out,
                source,
            });
            low = pairs;
        }
        fill_chunk_pairs(low, high, |first, low, high| {
            pulp::Arch::new().dispatch(PairJob {
                key,
                first,
                offset,
                low,
                high,
                distribution,
            });
        });
    }
}

impl Word for u64 {
    #[inline(always)]
    fn from_blocks([high, low]: [[u32; LANES]; 2]) -> [u64; LANES] {
        let mut words = [0; LANES];
        for l in 0..LANES {
            words[l] = u64::from(high[l]) << 32 | u64::from(low[l]);
        }
        words
    }

    fn fill_original<R: Distribution<Word = u64>>(
        key: [u32; 2],
        out: &mut [R::Out],
        distribution: &R,
    ) {
        let n = out.len();
        fill_chunks(out, |first, out| {
            let source = OriginalWideWords { key, first, n };
            pulp::Arch::new().dispatch(FillJob {
                distribution,
                out,
                source,
            });
        });
    }
}

/// Source of the random words of consecutive elements.
trait WordSource<W> {
    /// The words of [`LANES`] elements from element `at`.
    fn words(&self, at: usize) -> [W; LANES];
}

/// Words of the partitionable layout: element i uses counter i.
struct PartitionableWords {
    key: [u32; 2],
    start: u64,
}

impl<W: Word> WordSource<W> for PartitionableWords {
    #[inline(always)]
    fn words(&self, at: usize) -> [W; LANES] {
        let [high, low] = wide_counters(self.start.wrapping_add(at as u64));
        W::from_blocks(threefry_lanes(self.key, high, low))
    }
}

/// 64-bit words of the original layout: element i of n uses the counters i and n + i.
struct OriginalWideWords {
    key: [u32; 2],
    first: usize,
    n: usize,
}

impl WordSource<u64> for OriginalWideWords {
    #[inline(always)]
    fn words(&self, at: usize) -> [u64; LANES] {
        let i = self.first + at;
        u64::from_blocks(threefry_lanes(
            self.key,
            counters(i as u32),
            counters((self.n + i) as u32),
        ))
    }
}

/// The same word for all elements.
struct RepeatedWord(u32);

impl WordSource<u32> for RepeatedWord {
    #[inline(always)]
    fn words(&self, _: usize) -> [u32; LANES] {
        [self.0; LANES]
    }
}

fn fill_chunks<T: Send>(out: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= CHUNK {
        return fill(0, out);
    }
    out.par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(i, chunk)| fill(i * CHUNK, chunk));
}

fn fill_chunk_pairs<T: Send>(
    low: &mut [T],
    high: &mut [T],
    fill: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    if low.len() <= CHUNK {
        return fill(0, low, high);
    }
    low.par_chunks_mut(CHUNK)
        .zip(high.par_chunks_mut(CHUNK))
        .enumerate()
        .for_each(|(i, (low, high))| fill(i * CHUNK, low, high));
}

/// Fills consecutive elements, with the best available instruction set.
struct FillJob<'a, R: Distribution, S> {
    distribution: &'a R,
    out: &'a mut [R::Out],
    source: S,
}

impl<R: Distribution, S: WordSource<R::Word>> pulp::WithSimd for FillJob<'_, R, S> {
    type Output = ();
    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, _: I) {
        for (i, part) in self.out.chunks_mut(LANES).enumerate() {
            apply(self.distribution, &self.source.words(i * LANES), part);
        }
    }
}

/// Fills pairs of elements that share a block of the original layout.
struct PairJob<'a, R: Distribution> {
    key: [u32; 2],
    first: usize,
    offset: usize,
    low: &'a mut [R::Out],
    high: &'a mut [R::Out],
    distribution: &'a R,
}

impl<R: Distribution<Word = u32>> pulp::WithSimd for PairJob<'_, R> {
    type Output = ();
    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, _: I) {
        let parts = self.low.chunks_mut(LANES).zip(self.high.chunks_mut(LANES));
        for (i, (low, high)) in parts.enumerate() {
            let at = self.first + i * LANES;
            let [a, b] = threefry_lanes(
                self.key,
                counters(at as u32),
                counters((at + self.offset) as u32),
            );
            apply(self.distribution, &a, low);
            apply(self.distribution, &b, high);
        }
    }
}

/// Applies `distribution` to up to [`LANES`] elements; discards the lanes beyond the end.
#[inline(always)]
fn apply<R: Distribution>(distribution: &R, words: &[R::Word; LANES], out: &mut [R::Out]) {
    if let Ok(full) = <&mut [R::Out; LANES]>::try_from(&mut *out) {
        return distribution.apply(words, full);
    }
    let mut full = [R::Out::default(); LANES];
    full[..out.len()].copy_from_slice(out);
    distribution.apply(words, &mut full);
    out.copy_from_slice(&full[..out.len()]);
}

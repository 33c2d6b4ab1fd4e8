//! From a key to a filled slice: which counters each element takes, in blocks of lanes, over
//! threads when there is much to fill.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::threefry::{LANES, block, blocks, count, count_wide};
use super::{Key, Layout};

/// Elements that one thread fills at a time: some ten microseconds, well above the cost of
/// handing work to a thread.
const PIECE: usize = 1 << 15;
/// Elements of one key in the original layout, whose counters have 32 bits.
const ORIGINAL_LIMIT: usize = u32::MAX as usize;

/// Turns random words into elements, one word each.
pub trait Rule: Sync {
    type Word: Word;
    type Out: Copy + Default + Send;
    /// Writes `out`, which may read what stands there.
    fn apply(&self, words: &[Self::Word; LANES], out: &mut [Self::Out; LANES]);
}

/// A random word of 32 or 64 bits.
pub trait Word: Sized + Copy + Sync {
    /// One word from each enciphered counter of the partitionable layout.
    fn from_blocks(blocks: [[u32; LANES]; 2]) -> [Self; LANES];
    /// Fills `out` in the original layout.
    fn original<R: Rule<Word = Self>>(key: [u32; 2], out: &mut [R::Out], rule: &R);
}

impl Key {
    /// Fills `out` by `rule`, in this key's layout.
    pub(super) fn fill<R: Rule>(&self, out: &mut [R::Out], rule: &R) {
        match self.layout() {
            Layout::Partitionable => self.fill_from(0, out, rule),
            Layout::Original if out.len() < ORIGINAL_LIMIT => {
                R::Word::original(self.words(), out, rule);
            }
            Layout::Original => {
                let n = out.len() / ORIGINAL_LIMIT + 1;
                for (i, part) in out.chunks_mut(ORIGINAL_LIMIT).enumerate() {
                    R::Word::original(self.child(i, n).words(), part, rule);
                }
            }
        }
    }

    /// Fills `out` with the elements `start` and after of the partitionable layout.
    pub(super) fn fill_from<R: Rule>(&self, start: u64, out: &mut [R::Out], rule: &R) {
        let key = self.words();
        in_pieces(out, |first, out| {
            let source = Index {
                key,
                start: start.wrapping_add(first as u64),
            };
            pulp::Arch::new().dispatch(Run { rule, out, source });
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

    /// Both words of a block are used: the first in the lower half of `out`, the second in the
    /// upper one. With an odd number of elements the last block has 0 for its second counter.
    fn original<R: Rule<Word = u32>>(key: [u32; 2], out: &mut [R::Out], rule: &R) {
        let offset = out.len().div_ceil(2);
        let (mut low, high) = out.split_at_mut(offset);
        if low.len() > high.len() {
            let (pairs, out) = low.split_at_mut(offset - 1);
            let source = Constant(block(key, [offset as u32 - 1, 0])[0]);
            pulp::Arch::new().dispatch(Run { rule, out, source });
            low = pairs;
        }
        in_pairs(low, high, |first, low, high| {
            pulp::Arch::new().dispatch(Pairs {
                key,
                first,
                offset,
                low,
                high,
                rule,
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

    fn original<R: Rule<Word = u64>>(key: [u32; 2], out: &mut [R::Out], rule: &R) {
        let n = out.len();
        in_pieces(out, |first, out| {
            let source = Joined { key, first, n };
            pulp::Arch::new().dispatch(Run { rule, out, source });
        });
    }
}

/// Where the words of a run of elements come from.
trait Source<W> {
    /// The words of element `at` of the run and those after it.
    fn words(&self, at: usize) -> [W; LANES];
}

/// The partitionable layout: element i from counter i.
struct Index {
    key: [u32; 2],
    start: u64,
}

impl<W: Word> Source<W> for Index {
    #[inline(always)]
    fn words(&self, at: usize) -> [W; LANES] {
        let [high, low] = count_wide(self.start.wrapping_add(at as u64));
        W::from_blocks(blocks(self.key, high, low))
    }
}

/// Wide words of the original layout: element i of n from the counters i and n + i.
struct Joined {
    key: [u32; 2],
    first: usize,
    n: usize,
}

impl Source<u64> for Joined {
    #[inline(always)]
    fn words(&self, at: usize) -> [u64; LANES] {
        let i = self.first + at;
        u64::from_blocks(blocks(
            self.key,
            count(i as u32),
            count((self.n + i) as u32),
        ))
    }
}

/// The same word everywhere.
struct Constant(u32);

impl Source<u32> for Constant {
    #[inline(always)]
    fn words(&self, _: usize) -> [u32; LANES] {
        [self.0; LANES]
    }
}

fn in_pieces<T: Send>(out: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= PIECE {
        return fill(0, out);
    }
    out.par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(i, piece)| fill(i * PIECE, piece));
}

fn in_pairs<T: Send>(
    low: &mut [T],
    high: &mut [T],
    fill: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    if low.len() <= PIECE {
        return fill(0, low, high);
    }
    low.par_chunks_mut(PIECE)
        .zip(high.par_chunks_mut(PIECE))
        .enumerate()
        .for_each(|(i, (low, high))| fill(i * PIECE, low, high));
}

/// A run of elements, on the best instruction set there is.
struct Run<'a, R: Rule, S> {
    rule: &'a R,
    out: &'a mut [R::Out],
    source: S,
}

impl<R: Rule, S: Source<R::Word>> pulp::WithSimd for Run<'_, R, S> {
    type Output = ();
    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, _: I) {
        for (i, part) in self.out.chunks_mut(LANES).enumerate() {
            apply(self.rule, &self.source.words(i * LANES), part);
        }
    }
}

/// Pairs of elements that share a block of the original layout.
struct Pairs<'a, R: Rule> {
    key: [u32; 2],
    first: usize,
    offset: usize,
    low: &'a mut [R::Out],
    high: &'a mut [R::Out],
    rule: &'a R,
}

impl<R: Rule<Word = u32>> pulp::WithSimd for Pairs<'_, R> {
    type Output = ();
    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, _: I) {
        let parts = self.low.chunks_mut(LANES).zip(self.high.chunks_mut(LANES));
        for (i, (low, high)) in parts.enumerate() {
            let at = self.first + i * LANES;
            let [a, b] = blocks(self.key, count(at as u32), count((at + self.offset) as u32));
            apply(self.rule, &a, low);
            apply(self.rule, &b, high);
        }
    }
}

/// Applies `rule` to up to [`LANES`] elements; the lanes beyond the end are computed and dropped.
#[inline(always)]
fn apply<R: Rule>(rule: &R, words: &[R::Word; LANES], out: &mut [R::Out]) {
    if let Ok(whole) = <&mut [R::Out; LANES]>::try_from(&mut *out) {
        return rule.apply(words, whole);
    }
    let mut whole = [R::Out::default(); LANES];
    whole[..out.len()].copy_from_slice(out);
    rule.apply(words, &mut whole);
    out.copy_from_slice(&whole[..out.len()]);
}

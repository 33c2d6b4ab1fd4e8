//! Keys: two words and a layout. A key is immutable; new keys are derived from it.

use super::threefry::threefry;
use crate::base::options::{OptionType, Slot};

crate::choices! {
    /// Assignment of counters to the elements of a draw.
    pub enum Layout {
        /// Element i depends only on the key and i (the default of JAX since 2025).
        #[default]
        Partitionable = "partitionable",
        /// Elements also depend on the size of the draw (the earlier default of JAX, used by
        /// published seeds).
        Original = "original",
    }
}

/// The state of the random number generator, as a value.
///
/// Source: `jax.random`, threefry-2x32; JAX returns the same numbers for the same words and layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    words: [u32; 2],
    layout: Layout,
}

impl Key {
    /// The key of a seed, `jax.random.key(seed)`.
    ///
    /// Uses all 64 bits, as JAX does with `jax_enable_x64`; without it JAX drops the upper 32 bits,
    /// so seeds from 2^32 differ.
    pub fn new(seed: u64, layout: Layout) -> Key {
        Key::from_words([(seed >> 32) as u32, seed as u32], layout)
    }

    /// The key with these words, `jax.random.wrap_key_data(words)`.
    pub fn from_words(words: [u32; 2], layout: Layout) -> Key {
        Key { words, layout }
    }

    /// The two words, `jax.random.key_data(key)`.
    pub fn words(&self) -> [u32; 2] {
        self.words
    }

    /// The counter layout of draws from this key.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// `n` new keys, independent of each other and of this key.
    pub fn split(&self, n: usize) -> Vec<Key> {
        (0..n).map(|i| self.split_nth(i, n)).collect()
    }

    /// `split(N)` as an array, without allocation.
    pub fn split_array<const N: usize>(&self) -> [Key; N] {
        std::array::from_fn(|i| self.split_nth(i, N))
    }

    /// The key `split(n)[i]`, without computing the others.
    #[inline]
    pub fn split_nth(&self, i: usize, n: usize) -> Key {
        let words = match self.layout {
            Layout::Partitionable => threefry(self.words, [(i as u64 >> 32) as u32, i as u32]),
            Layout::Original => [2 * i, 2 * i + 1].map(|j| self.original_word(j, n)),
        };
        Key { words, ..*self }
    }

    /// A new key derived from this key and an integer, `jax.random.fold_in(key, data)`.
    #[inline]
    pub fn fold_in(&self, data: u32) -> Key {
        let words = threefry(self.words, [0, data]);
        Key { words, ..*self }
    }

    /// Word `j` of the `2 n` words that the original layout computes from the counters 0 to
    /// `2 n - 1`.
    #[inline]
    fn original_word(&self, j: usize, n: usize) -> u32 {
        let i = j % n;
        threefry(self.words, [i as u32, (i + n) as u32])[j / n]
    }
}

impl OptionType for Key {
    const KIND: &'static str = "key";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

impl OptionType for Option<Key> {
    const KIND: &'static str = "key";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

//! Keys: two words and a layout. A key is never changed; new keys are made from it.

use super::threefry::block;
use crate::base::options::{Setting, Slot};

crate::choices! {
    /// How the elements of a draw take their bits from the counters.
    pub enum Layout {
        /// Element i depends on the key and i alone (the default of JAX since 2025).
        #[default]
        Partitionable = "partitionable",
        /// Elements depend on the size of the draw as well (the default of JAX before, so the
        /// one of published seeds).
        Original = "original",
    }
}

/// The state of the generator, as a value.
///
/// Source: `jax.random`, threefry-2x32; the same words and layout give the same numbers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    words: [u32; 2],
    layout: Layout,
}

impl Key {
    /// The key of a seed, `jax.random.key(seed)`.
    ///
    /// All 64 bits count, as in JAX with 64-bit numbers switched on; without them JAX drops the
    /// upper 32, which makes a difference from 2^32 on.
    pub fn new(seed: u64, layout: Layout) -> Key {
        Key::from_words([(seed >> 32) as u32, seed as u32], layout)
    }

    /// The key of two words, `jax.random.wrap_key_data(words)`.
    pub fn from_words(words: [u32; 2], layout: Layout) -> Key {
        Key { words, layout }
    }

    /// The two words, `jax.random.key_data(key)`.
    pub fn words(&self) -> [u32; 2] {
        self.words
    }

    /// How draws from this key are laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// `n` new keys, independent of each other and of this one.
    pub fn split(&self, n: usize) -> Vec<Key> {
        (0..n).map(|i| self.child(i, n)).collect()
    }

    /// `N` new keys, without allocation.
    pub fn children<const N: usize>(&self) -> [Key; N] {
        std::array::from_fn(|i| self.child(i, N))
    }

    /// The key `split(n)[i]`, without the others.
    #[inline]
    pub fn child(&self, i: usize, n: usize) -> Key {
        let words = match self.layout {
            Layout::Partitionable => block(self.words, [(i as u64 >> 32) as u32, i as u32]),
            Layout::Original => [2 * i, 2 * i + 1].map(|j| self.original_word(j, n)),
        };
        Key { words, ..*self }
    }

    /// A new key from this one and a number, such as an index.
    #[inline]
    pub fn fold_in(&self, data: u32) -> Key {
        let words = block(self.words, [0, data]);
        Key { words, ..*self }
    }

    /// Word `j` of the `2 n` that the original layout makes of the counters 0 to `2 n - 1`.
    #[inline]
    fn original_word(&self, j: usize, n: usize) -> u32 {
        let i = j % n;
        block(self.words, [i as u32, (i + n) as u32])[j / n]
    }
}

impl Setting for Key {
    const KIND: &'static str = "key";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

impl Setting for Option<Key> {
    const KIND: &'static str = "key";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

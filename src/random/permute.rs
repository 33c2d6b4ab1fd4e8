//! Random permutations and sampling without replacement.

use super::Key;
use super::threefry::threefry;

impl Key {
    /// A random permutation of 0 to n - 1, `jax.random.permutation(key, n)`.
    pub fn permutation(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }

    /// Shuffles `values`, `jax.random.permutation(key, values)`.
    ///
    /// Sorts by random bits. The number of rounds makes it unlikely that two values draw the same
    /// bits in all rounds.
    pub fn shuffle<V: Copy>(&self, values: &mut [V]) {
        let n = values.len();
        let rounds = 3.0 * (n.max(1) as f64).ln() / f64::from(u32::MAX).ln();
        let mut key = *self;
        let mut bits = vec![0; n];
        for _ in 0..rounds.ceil() as usize {
            let [next, draw] = key.split_array();
            draw.fill_bits(&mut bits);
            let mut order: Vec<(u32, usize)> = bits.iter().copied().zip(0..).collect();
            order.sort_unstable();
            let before = values.to_vec();
            for (value, (_, from)) in values.iter_mut().zip(order) {
                *value = before[from];
            }
            key = next;
        }
    }

    /// Element `i` of a random permutation of 0 to n - 1, without computing the other elements.
    ///
    /// A Feistel network: each round swaps the two halves of the bits after mixing one half with a
    /// hash of the other. Each round is invertible, so the network permutes the integers below a
    /// power of 4; a result of n or more is passed through the network again.
    ///
    /// Source: Luby & Rackoff 1988; Black & Rogaway 2002, "cycle walking"
    pub fn permutation_at(&self, i: usize, n: usize) -> usize {
        /// Two more rounds than a strong pseudorandom permutation requires (four).
        const ROUNDS: u32 = 6;
        /// Shorter halves have too few permutations.
        const MIN_HALF_BITS: u32 = 3;
        assert!(i < n, "index {i} of {n}");
        let bits = usize::BITS - (n - 1).leading_zeros();
        let half = bits.div_ceil(2).max(MIN_HALF_BITS);
        let mask = (1 << half) - 1;
        let (mut left, mut right) = (i >> half, i & mask);
        loop {
            for round in 0..ROUNDS {
                let [word, _] = threefry(self.words(), [round, right as u32]);
                (left, right) = (right, left ^ (word as usize & mask));
            }
            let number = left << half | right;
            if number < n {
                return number;
            }
        }
    }
}

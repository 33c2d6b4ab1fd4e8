//! Random order and samples without replacement.

use super::Key;
use super::threefry::block;

impl Key {
    /// The whole numbers 0 to n - 1 in random order, `jax.random.permutation(key, n)`.
    pub fn permutation(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }

    /// Puts `values` into random order, `jax.random.permutation(key, values)`.
    ///
    /// Sorts by random bits, in so many rounds that two values are unlikely to meet the same bits
    /// in all of them.
    pub fn shuffle<V: Copy>(&self, values: &mut [V]) {
        let n = values.len();
        let rounds = 3.0 * (n.max(1) as f64).ln() / f64::from(u32::MAX).ln();
        let mut key = *self;
        let mut bits = vec![0; n];
        for _ in 0..rounds.ceil() as usize {
            let [next, draw] = key.children();
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

    /// What a random order of the numbers 0 to n - 1 has at place `i`, without the rest of it.
    ///
    /// Rounds that swap two halves of the bits, one changed by a hash of the other, are undone as
    /// easily as done, so they put the numbers below a power of 4 into an order; a number that is
    /// not below n goes through them again.
    ///
    /// Source: Luby & Rackoff 1988; Black & Rogaway 2002, "cycle walking"
    pub fn permuted(&self, i: usize, n: usize) -> usize {
        /// Two more than make the order of many numbers a random one to any test.
        const ROUNDS: u32 = 6;
        /// Halves of fewer bits have too few orders to choose from.
        const LEAST: u32 = 3;
        assert!(i < n, "place {i} of {n}");
        let bits = usize::BITS - (n - 1).leading_zeros();
        let half = bits.div_ceil(2).max(LEAST);
        let mask = (1 << half) - 1;
        let (mut left, mut right) = (i >> half, i & mask);
        loop {
            for round in 0..ROUNDS {
                let [word, _] = block(self.words(), [round, right as u32]);
                (left, right) = (right, left ^ (word as usize & mask));
            }
            let number = left << half | right;
            if number < n {
                return number;
            }
        }
    }
}

//! Random order and samples without replacement.

use super::Key;

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
}

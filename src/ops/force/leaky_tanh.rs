//! The update of the units of a network in one time step.

use pulp::{Arch, Simd, WithSimd};

use crate::ops::Lanes;
use crate::ops::simd::math::tanh;

/// h = tanh(a), computed by the same loop as in a time step: a run in two parts then has the same
/// bits as one run.
pub fn apply_tanh<T: Lanes>(a: &mut [T], h: &mut [T]) {
    let (h, leak) = (&mut h[..a.len()], T::of(0.0));
    h.fill(T::of(0.0));
    Arch::new().dispatch(LeakyTanh { a, h, leak });
}

/// a' = a + r (-a + input), h = tanh(a').
pub struct LeakyTanh<'a, T> {
    pub a: &'a mut [T],
    /// Total input of each unit; overwritten with h.
    pub h: &'a mut [T],
    pub leak: T,
}

impl<T: Lanes> WithSimd for LeakyTanh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (a, h) in self.a.iter_mut().zip(self.h) {
            *a += self.leak * (*h - *a);
            *h = tanh::<S, T>(*a);
        }
    }
}

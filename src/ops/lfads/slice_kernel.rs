//! The kernel that processes one slice of trials: all passes in their order.

use pulp::{Simd, WithSimd};

use super::job::Mode;
use super::slice::Slice;
use super::{Losses, Results};
use crate::ops::Lanes;

/// The kernel that processes one slice.
pub struct SliceKernel<'a, T: Lanes> {
    pub slice: Slice<'a, T>,
    pub results: Results<'a, T>,
    pub losses: &'a mut [Losses],
    pub grads: &'a mut [T],
}

impl<T: Lanes> WithSimd for SliceKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SliceKernel {
            mut slice,
            mut results,
            losses,
            grads,
        } = self;
        slice.prepare();
        if slice.job.mode != Mode::Generate {
            slice.encode(simd);
        }
        slice.sample_initial(simd);
        slice.run_generator(simd);
        slice.store_results(&mut results);
        match slice.job.mode {
            Mode::Infer | Mode::Generate => {}
            Mode::Losses | Mode::Gradient => slice.losses(simd, losses, grads),
        }
        if slice.job.mode == Mode::Gradient {
            slice.backward(simd, grads);
        }
    }
}

//! The kernel that processes one slice of trials: all passes in their order.

use pulp::{Simd, WithSimd};

use super::job::{Mode, Results};
use super::slice::Slice;
use crate::ops::rnn::cell::CellKernel;
use crate::ops::simd::Lanes;

/// The kernel that processes one slice.
pub(super) struct SliceKernel<'a, T: Lanes, K: CellKernel<T>> {
    pub(super) slice: Slice<'a, T, K>,
    pub(super) results: Results<'a, T>,
    /// Accumulator of the gradient products.
    pub(super) sums: &'a mut [T],
}

impl<T: Lanes, K: CellKernel<T>> WithSimd for SliceKernel<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SliceKernel {
            mut slice,
            results,
            sums,
        } = self;
        slice.initialize(simd);
        for sublayer in 0..slice.job.sizes.sublayers() {
            slice.load_inputs(sublayer);
            slice.forward(simd, sublayer);
        }
        if slice.job.mode == Mode::Jacobians {
            slice.jacobians(simd, results.by_state, results.by_input);
            return;
        }
        slice.store_states(results.states);
        if slice.job.targets.is_some() || !results.outputs.is_empty() {
            slice.compute_outputs(simd, results.outputs);
        }
        if slice.job.targets.is_some() {
            slice.compute_losses(results.losses);
        }
        if slice.job.mode == Mode::Backward {
            slice.backward(simd, results.d_inputs, results.d_h0, sums);
        }
    }
}

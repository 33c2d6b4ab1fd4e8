//! Gradients of the parameters: products are accumulated per trial group, summed over the chunks,
//! and written in the order of the arena.

use pulp::Simd;

use super::dims::layer_dims;
use super::layout::{GradOffsets, ParamOffsets, product_len};
use super::slice::Slice;
use crate::ops::rnn::args::Sizes;
use crate::ops::rnn::cell::{CellKernel, GradientProduct};
use crate::ops::simd::Lanes;
use crate::ops::simd::gemm::GemmConfig;
use crate::ops::simd::gemm_tn::{Frames, gemm_tn_add, padded_len};

impl<T: Lanes, K: CellKernel<T>> Slice<'_, T, K> {
    /// Adds the contribution of this slice to the gradient sums of one sublayer; requires its
    /// completed backward pass.
    pub(super) fn add_weight_grads<S: Simd>(&mut self, simd: S, at: usize, sums: &mut [T]) {
        let s = self.job.sizes;
        let offsets = GradOffsets::of::<T, K>(s);
        if self.job.inputs.h0.is_none() {
            let lanes = self.buffers.d_state.chunks_exact(self.config().groups);
            for (sum, lanes) in sums[offsets.h0(at)].iter_mut().zip(lanes) {
                for lane in lanes.iter().flat_map(|lane| lane.0) {
                    *sum += lane;
                }
            }
        }
        let layer = at / s.directions;
        if layer + 1 == s.layers {
            // The readout reads the state after the step: the same frames, offset by one.
            let product = GradientProduct {
                gates: 0..s.outputs,
                states: 0..s.units + 1,
            };
            self.add_product(simd, at, 1, &product, &mut sums[offsets.readout(at)]);
        }
        let (outputs, mut start) = (layer_dims(s, layer).outputs, offsets.products(at));
        for k in 0.. {
            let Some(mut product) = K::gradient_product(layer_dims(s, layer), k) else {
                break;
            };
            let into = &mut sums[start..][..product_len(&product)];
            start += into.len();
            product.gates.start += outputs;
            product.gates.end += outputs;
            self.add_product(simd, at, 0, &product, into);
        }
    }

    fn add_product<S: Simd>(
        &mut self,
        simd: S,
        sublayer: usize,
        first_time: usize,
        product: &GradientProduct,
        into: &mut [T],
    ) {
        let (m, config) = (self.frame_layout(sublayer), self.config());
        let frames = &self.buffers.sublayers[sublayer];
        let left = Frames {
            lanes: &frames.gates[first_time * m.gate_stride..],
            stride: m.gate_stride,
            first: product.gates.start,
            count: product.gates.len(),
        };
        let right = Frames {
            lanes: &frames.states[first_time * m.state_stride..],
            stride: m.state_stride,
            first: product.states.start,
            count: product.states.len(),
        };
        let (time, transposed) = (self.job.sizes.time, &mut self.buffers.transposed);
        gemm_tn_add(simd, config, [left, right], time, transposed, into);
    }

    fn config(&self) -> GemmConfig {
        self.job.partition.config
    }
}

/// Writes the gradient of all parameters, in the order of the arena, from the sums.
pub(super) fn unpack<T: Lanes, K: CellKernel<T>>(s: Sizes, sums: &[T], gradient: &mut [T]) {
    gradient.fill(T::of(0.0));
    let (from, to) = (GradOffsets::of::<T, K>(s), ParamOffsets::of::<T, K>(s));
    for at in 0..s.sublayers() {
        let layer = at / s.directions;
        let first = &sums[from.h0(at)];
        let (h0, rest) = gradient[to.sublayer(at)].split_at_mut(first.len());
        h0.copy_from_slice(first);
        let (sublayer, mut start) = (layer_dims(s, layer), from.products(at));
        for k in 0.. {
            let Some(product) = K::gradient_product(sublayer, k) else {
                break;
            };
            let rows = sums[start..][..product_len(&product)]
                .chunks_exact(padded_len(product.states.len()));
            start += product_len(&product);
            for (r, row) in rows.enumerate() {
                K::add_gradient(sublayer, k, r, &row[..product.states.len()], rest);
            }
        }
        let readout = sums[from.readout(at)].chunks_exact(padded_len(s.units + 1));
        let (w_out, b_out) = gradient[to.readout()].split_at_mut(s.outputs * s.layer_width());
        let direction = at % s.directions;
        for (r, row) in readout.enumerate() {
            w_out[r * s.layer_width() + direction * s.units..][..s.units]
                .copy_from_slice(&row[..s.units]);
            // The frames of all directions contain the same errors: the bias is taken from the
            // first.
            if direction == 0 {
                b_out[r] = row[s.units];
            }
        }
    }
}

//! Accumulation of weight gradients, and their conversion to the layout of the parameters.

use std::ops::Range;

use pulp::Simd;

use super::Sizes;
use super::activations::GruActivations;
use super::layout::{self, GradLayout, ParamLayout};
use super::packed_params::PackedParams;
use super::slice::Slice;
use crate::ops::Lanes;
use crate::ops::rnn::cell::{CellKernel, LayerDims};
use crate::ops::rnn::cells::Gru;
use crate::ops::simd::gemm::GemmConfig;
use crate::ops::simd::gemm_tn::{Frames, Transposed, gemm_tn_add, padded_len};

impl<T: Lanes> Slice<'_, T> {
    /// Adds the gradient with respect to an initial state from `d_states`: of encoder 0 or 1, or,
    /// if `which` is 2, of the controller.
    pub fn add_initial_state_grad(&mut self, grads: &mut [T], which: usize) {
        let layout = GradLayout::new(self.job.sizes);
        let range = match which {
            2 => layout.controller.first,
            direction => layout.encoders[direction].first.clone(),
        };
        let lanes = self.buffers.d_states[0].chunks_exact(self.groups());
        for (sum, lanes) in grads[range].iter_mut().zip(lanes) {
            for lane in lanes.iter().flat_map(|lane| lane.0) {
                *sum += lane;
            }
        }
    }

    /// Adds the weight gradients of this slice, after its backward pass.
    pub fn add_weight_grads<S: Simd>(&mut self, simd: S, grads: &mut [T]) {
        let (s, config) = (self.job.sizes, self.job.partition.config);
        let layout = GradLayout::new(s);
        let b = &mut *self.buffers;
        let layers = [
            (&b.encoders[0], s.encoder_dims(), &layout.encoders[0]),
            (&b.encoders[1], s.encoder_dims(), &layout.encoders[1]),
            (&b.controller, s.controller_dims(), &layout.controller),
            (&b.generator, s.generator_dims(), &layout.generator),
        ];
        let mut all = WeightGrads {
            config,
            transposed: &mut b.transposed,
            grads,
        };
        for (network, dims, into) in layers {
            all.recurrent(simd, network, dims, (into, s.time));
        }
        self.add_affine_grads(simd, grads);
    }

    /// Adds the weight gradients of the affine maps between the recurrent networks.
    #[inline(always)]
    fn add_affine_grads<S: Simd>(&mut self, simd: S, grads: &mut [T]) {
        let (s, config) = (self.job.sizes, self.job.partition.config);
        let layout = GradLayout::new(s);
        let b = &mut *self.buffers;
        let mut all = WeightGrads {
            config,
            transposed: &mut b.transposed,
            grads,
        };
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            ..
        } = s;
        let pair = [b.d_initial.frames(2 * g), b.final_states.frames(2 * e + 1)];
        all.add(simd, pair, 1, layout.initial);
        if c > 0 {
            let [_, states] = b.controller.frames(true);
            let states = Frames {
                count: c + 1,
                ..states
            };
            let pair = [b.d_inferred.frames(2 * u), states];
            all.add(simd, pair, s.time, layout.inferred);
        }
        let [_, states] = b.generator.frames(true);
        let states = Frames { count: g, ..states };
        all.add(
            simd,
            [b.d_factors.frames(k), states],
            s.time,
            layout.factors,
        );
        let pair = [b.rates.frames(d), b.factors.frames(k + 1)];
        all.add(simd, pair, s.time, layout.rates);
    }
}

/// Accumulator of weight gradients.
struct WeightGrads<'a, T> {
    config: GemmConfig,
    transposed: &'a mut Transposed<T>,
    grads: &'a mut [T],
}

impl<T: Lanes> WeightGrads<'_, T> {
    fn add<S: Simd>(
        &mut self,
        simd: S,
        pair: [Frames<'_, T>; 2],
        steps: usize,
        into: Range<usize>,
    ) {
        let into = &mut self.grads[into];
        gemm_tn_add(simd, self.config, pair, steps, self.transposed, into);
    }

    fn recurrent<S: Simd>(
        &mut self,
        simd: S,
        network: &GruActivations<T>,
        dims: LayerDims,
        (into, steps): (&layout::RecurrentLayout, usize),
    ) {
        if dims.units == 0 {
            return;
        }
        let [gates, states] = network.frames(false);
        for (k, into) in into.products.iter().enumerate() {
            let product = <Gru as CellKernel<T>>::gradient_product(dims, k);
            let product = product.expect("a GRU has two");
            let left = Frames {
                first: product.gates.start,
                count: product.gates.len(),
                ..gates
            };
            let right = Frames {
                first: product.states.start,
                count: product.states.len(),
                ..states
            };
            self.add(simd, [left, right], steps, into.clone());
        }
    }
}

/// Converts accumulated gradients to the gradient of all parameters, in the order of the arena.
pub fn unpack<T: Lanes>(
    s: Sizes,
    to: &ParamLayout,
    packed: &PackedParams<T>,
    grads: &[T],
    gradient: &mut [T],
) {
    gradient.fill(T::of(0.0));
    let from = GradLayout::new(s);
    let layers = [
        (s.encoder_dims(), &from.encoders[0], &to.encoders[0]),
        (s.encoder_dims(), &from.encoders[1], &to.encoders[1]),
        (s.controller_dims(), &from.controller, &to.controller),
        (s.generator_dims(), &from.generator, &to.generator),
    ];
    for (dims, from, to) in layers {
        recurrent(dims, from, grads, &mut gradient[to.clone()]);
    }
    unpack_affine(s, (&from, to), grads, gradient);
    let copied = [
        (&from.initial_prior.mean, &to.initial_prior.mean),
        (&from.initial_prior.logvar, &to.initial_prior.logvar),
        (&from.inferred_prior.mean, &to.inferred_prior.mean),
        (&from.inferred_prior.logtau, &to.inferred_prior.logtau),
        (&from.inferred_prior.logvar, &to.inferred_prior.logvar),
        (&from.noise_logvar, &to.noise_logvar),
    ];
    for (from, to) in copied {
        gradient[to.clone()].copy_from_slice(&grads[from.clone()]);
    }
    factors(
        s,
        packed,
        &grads[from.factors],
        &mut gradient[to.factors.clone()],
    );
}

/// Converts the gradients of the affine maps: weights and biases are separate parameters.
fn unpack_affine<T: Lanes>(
    s: Sizes,
    (from, to): (&GradLayout, &ParamLayout),
    grads: &[T],
    gradient: &mut [T],
) {
    let affine = [
        (&from.initial, &to.initial_w, &to.initial_b, 2 * s.encoder),
        (&from.inferred, &to.inferred_w, &to.inferred_b, s.controller),
        (&from.rates, &to.rates_w, &to.rates_b, s.factors),
    ];
    for (from, w, b, columns) in affine {
        let rows = grads[from.clone()].chunks_exact(padded_len(columns + 1));
        for (r, row) in rows.enumerate() {
            gradient[w.start + r * columns..][..columns].copy_from_slice(&row[..columns]);
            gradient[b.start + r] = row[columns];
        }
    }
}

fn recurrent<T: Lanes>(
    dims: LayerDims,
    from: &layout::RecurrentLayout,
    grads: &[T],
    gradient: &mut [T],
) {
    if dims.units == 0 {
        return;
    }
    let (first, rest) = gradient.split_at_mut(dims.units);
    first.copy_from_slice(&grads[from.first.clone()]);
    for (k, range) in from.products.iter().enumerate() {
        let product = <Gru as CellKernel<T>>::gradient_product(dims, k).expect("a GRU has two");
        let columns = product.states.len();
        let rows = grads[range.clone()].chunks_exact(padded_len(columns));
        for (r, row) in rows.enumerate() {
            <Gru as CellKernel<T>>::add_gradient(dims, k, r, &row[..columns], rest);
        }
    }
}

/// Backward pass through the normalization of the rows of the factor matrix.
fn factors<T: Lanes>(s: Sizes, packed: &PackedParams<T>, grads: &[T], gradient: &mut [T]) {
    let n = s.generator;
    let rows = packed.unit_rows.chunks_exact(n).zip(&packed.norms);
    let each = gradient
        .chunks_exact_mut(n)
        .zip(grads.chunks_exact(padded_len(n)));
    for ((into, grads), (row, length)) in each.zip(rows) {
        let projection: f64 = row
            .iter()
            .zip(grads)
            .map(|(w, d)| w.double() * d.double())
            .sum();
        for ((into, w), d) in into.iter_mut().zip(row).zip(grads) {
            *into = (*d - T::of(projection) * *w) / *length;
        }
    }
}

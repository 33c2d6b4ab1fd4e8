//! Layouts of the flat arrays: the parameters in the arena, and the accumulated weight gradients.

use std::ops::Range;

use super::Sizes;
use crate::ops::Lanes;
use crate::ops::rnn::cell::{CellKernel, LayerDims};
use crate::ops::rnn::cells::{CellDescriptor, Gru};
use crate::ops::simd::gemm_tn::padded_len;
use crate::tensor::Layout;

/// The parameter blocks of the flat arena. Recurrent networks have the blocks of a GRU; names in
/// the reverse encoder end in `_reverse`. `gen_h0` is one of the GRU blocks and is not used.
pub fn layout<T: Lanes>(sizes: Sizes) -> Layout {
    let Sizes {
        encoder: e,
        controller: c,
        inferred: u,
        generator: g,
        factors: k,
        channels: d,
        ..
    } = sizes;
    let mut blocks: Vec<(String, Vec<usize>)> = Vec::new();
    let recurrent = |blocks: &mut Vec<_>, name: &str, dims: LayerDims, suffix: &str| {
        let parts = Gru::blocks(dims.inputs, dims.units);
        blocks.extend(
            parts
                .into_iter()
                .map(|(part, shape)| (format!("{name}_{part}{suffix}"), shape)),
        );
    };
    let plain = |blocks: &mut Vec<(String, Vec<usize>)>, all: &[(&str, &[usize])]| {
        blocks.extend(
            all.iter()
                .map(|(name, shape)| (name.to_string(), shape.to_vec())),
        );
    };
    recurrent(&mut blocks, "enc", sizes.encoder_dims(), "");
    recurrent(&mut blocks, "enc", sizes.encoder_dims(), "_reverse");
    plain(
        &mut blocks,
        &[
            ("initial_w", &[2 * g, 2 * e]),
            ("initial_b", &[2 * g]),
            ("initial_prior_mean", &[g]),
            ("initial_prior_logvar", &[g]),
        ],
    );
    if c > 0 {
        recurrent(&mut blocks, "con", sizes.controller_dims(), "");
        plain(
            &mut blocks,
            &[
                ("inferred_w", &[2 * u, c]),
                ("inferred_b", &[2 * u]),
                ("inferred_prior_mean", &[u]),
                ("inferred_prior_logtau", &[u]),
                ("inferred_prior_logvar", &[u]),
            ],
        );
    }
    recurrent(&mut blocks, "gen", sizes.generator_dims(), "");
    plain(
        &mut blocks,
        &[
            ("factors_w", &[k, g]),
            ("rates_w", &[d, k]),
            ("rates_b", &[d]),
        ],
    );
    if sizes.gaussian {
        plain(&mut blocks, &[("noise_logvar", &[d])]);
    }
    Layout::new(blocks)
}

/// Ranges of the parameters in the arena. Each recurrent network has one range.
#[derive(Debug, Clone)]
pub struct ParamLayout {
    pub encoders: [Range<usize>; 2],
    pub initial_w: Range<usize>,
    pub initial_b: Range<usize>,
    pub initial_prior: PriorLayout,
    pub controller: Range<usize>,
    pub inferred_w: Range<usize>,
    pub inferred_b: Range<usize>,
    pub inferred_prior: PriorLayout,
    pub generator: Range<usize>,
    pub factors: Range<usize>,
    pub rates_w: Range<usize>,
    pub rates_b: Range<usize>,
    pub noise_logvar: Range<usize>,
}

/// Ranges of the parameters of a prior; only the autoregressive prior has `logtau`.
#[derive(Debug, Clone)]
pub struct PriorLayout {
    pub mean: Range<usize>,
    pub logtau: Range<usize>,
    pub logvar: Range<usize>,
}

impl ParamLayout {
    pub fn new(sizes: Sizes) -> ParamLayout {
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            gaussian,
            ..
        } = sizes;
        let mut at = 0;
        let mut next = |count: usize| {
            at += count;
            at - count..at
        };
        let gru = |dims: LayerDims| match dims.units {
            0 => 0,
            n => <Gru as CellKernel<f32>>::num_params(dims.inputs, n),
        };
        ParamLayout {
            encoders: [
                next(gru(sizes.encoder_dims())),
                next(gru(sizes.encoder_dims())),
            ],
            initial_w: next(4 * g * e),
            initial_b: next(2 * g),
            initial_prior: PriorLayout {
                mean: next(g),
                logtau: 0..0,
                logvar: next(g),
            },
            controller: next(gru(sizes.controller_dims())),
            inferred_w: next(2 * u * c),
            inferred_b: next(2 * u),
            inferred_prior: PriorLayout {
                mean: next(u),
                logtau: next(u),
                logvar: next(u),
            },
            generator: next(gru(sizes.generator_dims())),
            factors: next(k * g),
            rates_w: next(d * k),
            rates_b: next(d),
            noise_logvar: next(if gaussian { d } else { 0 }),
        }
    }
}

/// Ranges of the accumulated weight gradients of one run, with padded rows.
#[derive(Debug, Clone)]
pub struct GradLayout {
    pub encoders: [RecurrentLayout; 2],
    /// [2 g, 2 e + 1]
    pub initial: Range<usize>,
    pub controller: RecurrentLayout,
    /// [2 u, c + 1]
    pub inferred: Range<usize>,
    pub generator: RecurrentLayout,
    /// [k, g]
    pub factors: Range<usize>,
    /// [d, k + 1]
    pub rates: Range<usize>,
    pub initial_prior: PriorLayout,
    pub inferred_prior: PriorLayout,
    pub noise_logvar: Range<usize>,
}

/// Ranges of the accumulated gradients of a recurrent network: with respect to its initial state,
/// and of its two matrix products.
#[derive(Debug, Clone)]
pub struct RecurrentLayout {
    pub first: Range<usize>,
    pub products: [Range<usize>; 2],
}

impl GradLayout {
    pub fn new(sizes: Sizes) -> GradLayout {
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            gaussian,
            ..
        } = sizes;
        let mut at = 0;
        let mut next = |rows: usize, width: usize| {
            at += rows * width;
            at - rows * width..at
        };
        let recurrent = |next: &mut dyn FnMut(usize, usize) -> Range<usize>, s: LayerDims| {
            let mut product = |k: usize| match <Gru as CellKernel<f32>>::gradient_product(s, k) {
                Some(product) if s.units > 0 => {
                    next(product.gates.len(), padded_len(product.states.len()))
                }
                _ => next(0, 0),
            };
            let products = [product(0), product(1)];
            RecurrentLayout {
                first: next(s.units, 1),
                products,
            }
        };
        let encoders = [0, 1].map(|_| recurrent(&mut next, sizes.encoder_dims()));
        GradLayout {
            encoders,
            initial: next(2 * g, padded_len(2 * e + 1)),
            controller: recurrent(&mut next, sizes.controller_dims()),
            inferred: next(2 * u, padded_len(c + 1)),
            generator: recurrent(&mut next, sizes.generator_dims()),
            factors: next(k, padded_len(g)),
            rates: next(d, padded_len(k + 1)),
            initial_prior: PriorLayout {
                mean: next(g, 1),
                logtau: 0..0,
                logvar: next(g, 1),
            },
            inferred_prior: PriorLayout {
                mean: next(u, 1),
                logtau: next(u, 1),
                logvar: next(u, 1),
            },
            noise_logvar: next(if gaussian { d } else { 0 }, 1),
        }
    }

    pub fn count(&self) -> usize {
        self.noise_logvar.end
    }
}

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
    let mut blocks = Blocks::default();
    blocks.push_gru("enc", sizes.encoder_dims(), "");
    blocks.push_gru("enc", sizes.encoder_dims(), "_reverse");
    blocks.push("initial_w", &[2 * g, 2 * e]);
    blocks.push("initial_b", &[2 * g]);
    blocks.push("initial_prior_mean", &[g]);
    blocks.push("initial_prior_logvar", &[g]);
    if c > 0 {
        blocks.push_gru("con", sizes.controller_dims(), "");
        blocks.push("inferred_w", &[2 * u, c]);
        blocks.push("inferred_b", &[2 * u]);
        blocks.push("inferred_prior_mean", &[u]);
        blocks.push("inferred_prior_logtau", &[u]);
        blocks.push("inferred_prior_logvar", &[u]);
    }
    blocks.push_gru("gen", sizes.generator_dims(), "");
    blocks.push("factors_w", &[k, g]);
    blocks.push("rates_w", &[d, k]);
    blocks.push("rates_b", &[d]);
    if sizes.gaussian {
        blocks.push("noise_logvar", &[d]);
    }
    Layout::new(blocks.0)
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

/// Names and shapes of parameter blocks, in their order.
#[derive(Default)]
struct Blocks(Vec<(String, Vec<usize>)>);

impl Blocks {
    fn push(&mut self, name: &str, shape: &[usize]) {
        self.0.push((name.into(), shape.into()));
    }

    /// Adds the blocks of a GRU, with names of the form `{name}_{block}{suffix}`.
    fn push_gru(&mut self, name: &str, dims: LayerDims, suffix: &str) {
        for (block, shape) in Gru::blocks(dims.inputs, dims.units) {
            self.0.push((format!("{name}_{block}{suffix}"), shape));
        }
    }
}

/// Allocator of consecutive ranges of an array.
#[derive(Default)]
struct Ranges {
    /// End of the last range.
    end: usize,
}

impl Ranges {
    /// The next `count` elements.
    fn take(&mut self, count: usize) -> Range<usize> {
        let start = self.end;
        self.end += count;
        start..self.end
    }

    /// The next elements for a prior of the initial condition, of g generator units.
    fn initial_prior(&mut self, g: usize) -> PriorLayout {
        PriorLayout {
            mean: self.take(g),
            logtau: 0..0,
            logvar: self.take(g),
        }
    }

    /// The next elements for a prior of u inferred inputs.
    fn inferred_prior(&mut self, u: usize) -> PriorLayout {
        PriorLayout {
            mean: self.take(u),
            logtau: self.take(u),
            logvar: self.take(u),
        }
    }
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
        let mut ranges = Ranges::default();
        let gru = |dims: LayerDims| match dims.units {
            0 => 0,
            n => <Gru as CellKernel<f32>>::num_params(dims.inputs, n),
        };
        ParamLayout {
            encoders: [
                ranges.take(gru(sizes.encoder_dims())),
                ranges.take(gru(sizes.encoder_dims())),
            ],
            initial_w: ranges.take(4 * g * e),
            initial_b: ranges.take(2 * g),
            initial_prior: ranges.initial_prior(g),
            controller: ranges.take(gru(sizes.controller_dims())),
            inferred_w: ranges.take(2 * u * c),
            inferred_b: ranges.take(2 * u),
            inferred_prior: ranges.inferred_prior(u),
            generator: ranges.take(gru(sizes.generator_dims())),
            factors: ranges.take(k * g),
            rates_w: ranges.take(d * k),
            rates_b: ranges.take(d),
            noise_logvar: ranges.take(if gaussian { d } else { 0 }),
        }
    }

    /// Number of parameters.
    pub fn count(&self) -> usize {
        self.noise_logvar.end
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

impl RecurrentLayout {
    fn new(ranges: &mut Ranges, dims: LayerDims) -> RecurrentLayout {
        let mut product = |k: usize| match <Gru as CellKernel<f32>>::gradient_product(dims, k) {
            Some(product) if dims.units > 0 => {
                ranges.take(product.gates.len() * padded_len(product.states.len()))
            }
            _ => ranges.take(0),
        };
        let products = [product(0), product(1)];
        RecurrentLayout {
            first: ranges.take(dims.units),
            products,
        }
    }
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
        let mut ranges = Ranges::default();
        let encoders = [0, 1].map(|_| RecurrentLayout::new(&mut ranges, sizes.encoder_dims()));
        GradLayout {
            encoders,
            initial: ranges.take(2 * g * padded_len(2 * e + 1)),
            controller: RecurrentLayout::new(&mut ranges, sizes.controller_dims()),
            inferred: ranges.take(2 * u * padded_len(c + 1)),
            generator: RecurrentLayout::new(&mut ranges, sizes.generator_dims()),
            factors: ranges.take(k * padded_len(g)),
            rates: ranges.take(d * padded_len(k + 1)),
            initial_prior: ranges.initial_prior(g),
            inferred_prior: ranges.inferred_prior(u),
            noise_logvar: ranges.take(if gaussian { d } else { 0 }),
        }
    }

    pub fn count(&self) -> usize {
        self.noise_logvar.end
    }
}

//! Offsets in the flat arrays: parameters in the arena, and the accumulated gradient products.

use std::ops::Range;

use super::dims::layer_dims;
use crate::ops::rnn::args::Sizes;
use crate::ops::rnn::cell::{CellKernel, GradientProduct};
use crate::ops::simd::Lanes;
use crate::ops::simd::gemm_tn::padded_len;
use crate::tensor::Layout;

/// The blocks of all parameters in the flat arena: sublayer by sublayer (lowest layer first;
/// forward direction, then backward), the readout wO [o, d n] and bO [o] last. Blocks of the first
/// direction of the first layer have the names of the cell; others end in `_l1`, `_reverse`,
/// `_l1_reverse`. `cell_blocks` returns the blocks of a sublayer with a number of inputs.
pub fn layout(
    cell_blocks: impl Fn(usize) -> Vec<(&'static str, Vec<usize>)>,
    sizes: Sizes,
) -> Layout {
    let mut blocks = Vec::new();
    for sublayer in 0..sizes.sublayers() {
        let (features, end) = (
            sizes.features(sublayer / sizes.directions),
            suffix(sizes, sublayer),
        );
        for (name, shape) in cell_blocks(features) {
            blocks.push((format!("{name}{end}"), shape));
        }
    }
    blocks.push(("wO".into(), vec![sizes.outputs, sizes.layer_width()]));
    blocks.push(("bO".into(), vec![sizes.outputs]));
    Layout::new(blocks)
}

/// Suffix of the block names of a sublayer.
pub fn suffix(sizes: Sizes, sublayer: usize) -> String {
    let (layer, direction) = (sublayer / sizes.directions, sublayer % sizes.directions);
    let level = match layer {
        0 => String::new(),
        _ => format!("_l{layer}"),
    };
    level + ["", "_reverse"][direction]
}

/// Offsets of the parameters in the arena.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParamOffsets {
    sizes: Sizes,
    /// Number of parameters of a sublayer: in the first layer, and in a higher layer.
    counts: [usize; 2],
}

impl ParamOffsets {
    pub fn of<T: Lanes, K: CellKernel<T>>(sizes: Sizes) -> ParamOffsets {
        ParamOffsets {
            sizes,
            counts: [sizes.inputs, sizes.layer_width()].map(|i| K::num_params(i, sizes.units)),
        }
    }

    /// All blocks of one sublayer.
    pub fn sublayer(self, sublayer: usize) -> Range<usize> {
        let d = self.sizes.directions;
        let [first, above] = self.counts;
        let start = first * sublayer.min(d) + above * sublayer.saturating_sub(d);
        start..start + if sublayer < d { first } else { above }
    }

    /// wO and bO.
    pub fn readout(self) -> Range<usize> {
        let start = self.sublayer(self.sizes.sublayers()).start;
        start..start + self.sizes.outputs * (self.sizes.layer_width() + 1)
    }

    pub fn count(self) -> usize {
        self.readout().end
    }
}

/// Offsets of the partial sums of one chunk. For each sublayer: the gradient of the initial state,
/// the gradient of its readout weights (each row followed by the bias), and the gradient products
/// of the cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct GradOffsets {
    sizes: Sizes,
    parts: usize,
    /// Number of elements of a sublayer: in the first layer, in a middle layer, in the last layer.
    counts: [usize; 3],
}

impl GradOffsets {
    pub fn of<T: Lanes, K: CellKernel<T>>(sizes: Sizes) -> GradOffsets {
        let count = |layer: usize| {
            let dims = layer_dims(sizes, layer);
            let products = (0..)
                .map_while(|k| K::gradient_product(dims, k))
                .map(|p| product_len(&p));
            let readout = dims.outputs * padded_len(sizes.units + 1);
            K::STATE_PARTS * sizes.units + readout + products.sum::<usize>()
        };
        let last = sizes.layers - 1;
        GradOffsets {
            sizes,
            parts: K::STATE_PARTS * sizes.units,
            counts: [count(0), count(1.min(last)), count(last)],
        }
    }

    fn start(self, sublayer: usize) -> usize {
        let [first, between, last] = self.counts;
        let d = self.sizes.directions;
        let (layer, direction) = (sublayer / d, sublayer % d);
        let here = match layer {
            _ if layer + 1 == self.sizes.layers => last,
            0 => first,
            _ => between,
        };
        d * (first * layer.min(1) + between * layer.saturating_sub(1)) + direction * here
    }

    /// Gradient of the initial state.
    pub fn h0(self, sublayer: usize) -> Range<usize> {
        let start = self.start(sublayer);
        start..start + self.parts
    }

    /// Gradient of the readout weights and bias.
    pub fn readout(self, sublayer: usize) -> Range<usize> {
        let start = self.h0(sublayer).end;
        let dims = layer_dims(self.sizes, sublayer / self.sizes.directions);
        start..start + dims.outputs * padded_len(self.sizes.units + 1)
    }

    /// Start of the gradient products of the cell.
    pub fn products(self, sublayer: usize) -> usize {
        self.readout(sublayer).end
    }

    pub fn count(self) -> usize {
        let d = self.sizes.directions;
        let last = d * (self.sizes.layers - 1);
        self.start(last) + d * self.counts[2]
    }
}

/// Number of elements that a gradient product occupies.
pub(super) fn product_len(product: &GradientProduct) -> usize {
    product.gates.len() * padded_len(product.states.len())
}

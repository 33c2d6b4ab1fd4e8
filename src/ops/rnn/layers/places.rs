//! Where things stand in the flat arrays: parameters in the arena, and the sums that make their
//! gradients.

use std::ops::Range;

use super::strand;
use crate::ops::rnn::Sizes;
use crate::ops::rnn::update::{Product, Update};
use crate::ops::simd::Lanes;
use crate::ops::simd::sums::padded;
use crate::tensor::Layout;

/// The blocks of all parameters in the flat arena: strand by strand (layers from below; forward in
/// time, then backward), the readout wO [o, d n] and bO [o] last. Blocks of the first layer's
/// first direction have the cell's plain names; others end in `_l1`, `_reverse`, `_l1_reverse`.
pub fn layout<T: Lanes, U: Update<T>>(sizes: Sizes) -> Layout {
    let mut blocks = Vec::new();
    for strand in 0..sizes.strands() {
        let (features, end) = (
            sizes.features(strand / sizes.directions),
            suffix(sizes, strand),
        );
        for (name, shape) in U::blocks(features, sizes.units) {
            blocks.push((format!("{name}{end}"), shape));
        }
    }
    blocks.push(("wO".into(), vec![sizes.outputs, sizes.read()]));
    blocks.push(("bO".into(), vec![sizes.outputs]));
    Layout::new(blocks)
}

/// What the names of a strand's blocks end in.
pub fn suffix(sizes: Sizes, strand: usize) -> String {
    let (layer, direction) = (strand / sizes.directions, strand % sizes.directions);
    let level = match layer {
        0 => String::new(),
        _ => format!("_l{layer}"),
    };
    level + ["", "_reverse"][direction]
}

/// Where parameters stand in the arena.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    sizes: Sizes,
    /// Numbers of a strand of the first layer, and of one above.
    counts: [usize; 2],
}

impl Places {
    pub fn of<T: Lanes, U: Update<T>>(sizes: Sizes) -> Places {
        Places {
            sizes,
            counts: [sizes.inputs, sizes.read()].map(|i| U::count(i, sizes.units)),
        }
    }

    /// All blocks of one strand.
    pub fn strand(self, strand: usize) -> Range<usize> {
        let d = self.sizes.directions;
        let [first, above] = self.counts;
        let start = first * strand.min(d) + above * strand.saturating_sub(d);
        start..start + if strand < d { first } else { above }
    }

    /// wO and bO.
    pub fn readout(self) -> Range<usize> {
        let start = self.strand(self.sizes.strands()).start;
        start..start + self.sizes.outputs * (self.sizes.read() + 1)
    }

    pub fn count(self) -> usize {
        self.readout().end
    }
}

/// The sums of one run, strand by strand: those by the first states, by the readout on this
/// strand (the bias behind the weights of each row), and the products of the update.
#[derive(Debug, Clone, Copy)]
pub(super) struct SumPlaces {
    sizes: Sizes,
    parts: usize,
    /// Numbers of a strand of the first layer, of one between, and of the last layer.
    counts: [usize; 3],
}

impl SumPlaces {
    pub fn of<T: Lanes, U: Update<T>>(sizes: Sizes) -> SumPlaces {
        let count = |layer: usize| {
            let strand = strand(sizes, layer);
            let products = (0..).map_while(|k| U::product(strand, k)).map(|p| room(&p));
            let readout = strand.above * padded(sizes.units + 1);
            U::PARTS * sizes.units + readout + products.sum::<usize>()
        };
        let last = sizes.layers - 1;
        SumPlaces {
            sizes,
            parts: U::PARTS * sizes.units,
            counts: [count(0), count(1.min(last)), count(last)],
        }
    }

    fn start(self, strand: usize) -> usize {
        let [first, between, last] = self.counts;
        let d = self.sizes.directions;
        let (layer, direction) = (strand / d, strand % d);
        let here = match layer {
            _ if layer + 1 == self.sizes.layers => last,
            0 => first,
            _ => between,
        };
        d * (first * layer.min(1) + between * layer.saturating_sub(1)) + direction * here
    }

    /// By the first states.
    pub fn first(self, strand: usize) -> Range<usize> {
        let start = self.start(strand);
        start..start + self.parts
    }

    /// By the readout's weights and bias.
    pub fn readout(self, strand: usize) -> Range<usize> {
        let start = self.first(strand).end;
        let above = super::strand(self.sizes, strand / self.sizes.directions).above;
        start..start + above * padded(self.sizes.units + 1)
    }

    /// All products of the update.
    pub fn products(self, strand: usize) -> usize {
        self.readout(strand).end
    }

    pub fn count(self) -> usize {
        let d = self.sizes.directions;
        let last = d * (self.sizes.layers - 1);
        self.start(last) + d * self.counts[2]
    }
}

/// Numbers that the sums of a product take.
pub(super) fn room(product: &Product) -> usize {
    product.gates.len() * padded(product.states.len())
}

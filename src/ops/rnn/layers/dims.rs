//! Sizes of the state and of one sublayer.

use crate::ops::rnn::args::Sizes;
use crate::ops::rnn::cell::LayerDims;
use crate::ops::rnn::cells::CellDescriptor;

/// Number of elements of a state: all parts of all sublayers, [sublayer][part][unit].
pub(super) fn state_size<K: CellDescriptor>(sizes: Sizes) -> usize {
    sizes.total_units() * K::STATE_PARTS
}

/// The sizes of one sublayer of a layer.
pub(super) fn layer_dims(sizes: Sizes, layer: usize) -> LayerDims {
    LayerDims {
        units: sizes.units,
        groups: 1,
        inputs: sizes.features(layer),
        outputs: if layer + 1 == sizes.layers {
            sizes.outputs
        } else {
            0
        },
    }
}

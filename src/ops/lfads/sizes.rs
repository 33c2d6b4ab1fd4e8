//! Sizes of one call, and the cell and sizes of the recurrent networks of the model.

use crate::ops::rnn::cell::LayerDims;
use crate::ops::rnn::cells::Gru;

/// The cell of all networks of the model.
pub(super) const CELL: Gru = Gru { update_bias: 0.5 };

/// Sizes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// b, number of trials.
    pub batch: usize,
    /// t, number of time steps.
    pub time: usize,
    /// d, number of observed channels.
    pub channels: usize,
    /// e, units of each encoder.
    pub encoder: usize,
    /// c, units of the controller; 0 without a controller.
    pub controller: usize,
    /// u, number of inferred inputs; 0 without a controller.
    pub inferred: usize,
    /// g, units of the generator.
    pub generator: usize,
    /// k, number of factors.
    pub factors: usize,
    /// Whether observations are real values with Gaussian noise of learned variance instead of
    /// counts.
    pub gaussian: bool,
}

impl Sizes {
    /// Sizes of each encoder as a recurrent layer.
    pub(super) fn encoder_dims(self) -> LayerDims {
        layer_dims(self.encoder, self.channels)
    }

    /// Sizes of the controller as a recurrent layer.
    pub(super) fn controller_dims(self) -> LayerDims {
        layer_dims(self.controller, 2 * self.encoder + self.factors)
    }

    /// Sizes of the generator as a recurrent layer.
    pub(super) fn generator_dims(self) -> LayerDims {
        layer_dims(self.generator, self.inferred)
    }
}

/// Sizes of one network as a recurrent layer.
pub(super) fn layer_dims(units: usize, inputs: usize) -> LayerDims {
    LayerDims {
        units,
        groups: 1,
        inputs,
        outputs: 0,
    }
}

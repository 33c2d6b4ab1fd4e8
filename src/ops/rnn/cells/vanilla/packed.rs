//! Packed parameters of the vanilla and the continuous-time cell.

use pulp::Simd;

use crate::ops::rnn::cell::{LayerDims, Tangent};
use crate::ops::simd::gemm::{Panels, gemm_columns};
use crate::ops::simd::{Lane16, Lanes};

/// Packed parameters. The gates contain f' after the forward pass, and the gradients with respect
/// to the pre-activations after the backward pass.
#[derive(Default)]
pub struct Packed<T> {
    /// [wR bR wI], multiplies [y, 1, x].
    pub forward: Panels<T>,
    /// [wO' wR'], multiplies the gradients with respect to [outputs, pre-activations].
    pub backward: Panels<T>,
    /// wI', multiplies the gradients with respect to the pre-activations.
    pub input_backward: Panels<T>,
}

impl<T: Lanes> Packed<T> {
    /// Directional derivative of the pre-activations with respect to y or the input.
    pub fn preactivation_tangent<S: Simd>(
        &self,
        simd: S,
        s: LayerDims,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    ) {
        let first = s.units / s.groups + 1;
        match direction {
            Tangent::State(k) => self.forward.load_column(k, into),
            Tangent::Input(k) => self.forward.load_column(first + k, into),
            Tangent::Inputs(x) => gemm_columns(simd, &self.forward, first, x, into),
        }
    }
}

//! Targets of the outputs, and the loss of outputs in one array.

use super::Loss;
use crate::tensor::Real;

/// Targets of the outputs, and the loss that compares the two.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a, T> {
    /// [b, t, o]
    pub values: &'a [T],
    /// Weight of each trial and time step, [b, t]; targets with weight 0 are not read.
    pub mask: Option<&'a [T]>,
    pub loss: Loss,
}

impl<T: Real> Targets<'_, T> {
    /// The loss of outputs [b, t, o], a mean. Replaces the outputs by the gradient of the loss with
    /// respect to them. `weight` is the result of [`super::Shapes::check_targets`].
    pub fn replace_by_gradient(&self, outputs: &mut [T], features: usize, weight: f64) -> f64 {
        let factor = self.loss.derivative_factor() * weight;
        let rows = outputs.chunks_exact_mut(features);
        let mut sum = 0.0;
        for (row, (outputs, targets)) in rows.zip(self.values.chunks_exact(features)).enumerate() {
            let mask = self.mask.map_or(1.0, |mask| mask[row].double());
            if mask == 0.0 {
                outputs.fill(T::of(0.0));
                continue;
            }
            sum += mask * self.loss.row(outputs, targets);
            for x in outputs {
                *x = T::of(factor * mask * x.double());
            }
        }
        sum * weight
    }
}

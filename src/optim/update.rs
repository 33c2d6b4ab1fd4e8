//! The loop over all parameters that the steps of all optimizers share.

use super::StepScale;
use crate::tensor::Real;

/// The arrays of one step, all of the same length.
pub(super) struct StepArrays<'a, T> {
    pub params: &'a [T],
    /// The gradient of the loss.
    pub gradient: &'a [T],
    /// The parameters after the step.
    pub next: &'a mut [T],
}

impl<T: Real> StepArrays<'_, T> {
    /// Updates each parameter. `rule` receives its index k, its value p and the scaled gradient of
    /// loss + l2 |p|^2, and returns the next value and the moment that must be finite. Returns true
    /// if all values are finite.
    #[inline(always)]
    pub fn update(self, step: &StepScale, mut rule: impl FnMut(usize, T, T) -> (T, T)) -> bool {
        let n = self.params.len();
        let (params, gradient) = (&self.params[..n], &self.gradient[..n]);
        let next = &mut self.next[..n];
        let (scale, l2_gradient) = (T::of(step.scale), T::of(2.0 * step.l2));
        let mut non_finite = false;
        for k in 0..n {
            let g = scale * (gradient[k] + l2_gradient * params[k]);
            let (p, moment) = rule(k, params[k], g);
            next[k] = p;
            non_finite |= !(p.is_finite() & moment.is_finite());
        }
        !non_finite
    }
}

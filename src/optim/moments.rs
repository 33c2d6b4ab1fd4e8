//! The values that an optimizer stores between steps, and the scale factors of a step.

use super::PlateauState;

/// The values that an optimizer stores between steps; a plain struct, so that it can be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments<T> {
    /// Number of steps performed.
    pub steps: usize,
    /// Running mean of the gradient (Adam) or velocity (gradient descent).
    pub mean: Vec<T>,
    /// Running mean of the squared gradient; empty for gradient descent.
    pub mean_square: Vec<T>,
    /// Maximum of the mean square over all steps; empty without `amsgrad`.
    pub max_mean_square: Vec<T>,
    /// State of the plateau schedule.
    pub plateau: PlateauState,
}

/// Scale factors of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepScale {
    /// Learning rate.
    pub lr: f64,
    /// Weight of the sum of squared parameters in the loss.
    pub l2: f64,
    /// Factor for the gradient of loss and penalty, from [`super::clip_scale`].
    pub scale: f64,
}

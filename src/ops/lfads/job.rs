//! The description of one call, shared by all slices.

use super::{Inputs, Sizes};
use crate::ops::simd::partition::Partition;

/// Computation that a call performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Forward pass from observations to rates.
    Infer,
    /// Forward pass and losses.
    Losses,
    /// Forward pass, losses and backward pass.
    Gradient,
    /// Forward pass from initial conditions and inputs to rates.
    Generate,
}

/// The description of one call.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a, T> {
    pub sizes: Sizes,
    pub inputs: Inputs<'a, T>,
    pub mode: Mode,
    /// Number of batch rows that share the observations of one trial.
    pub copies: usize,
    pub partition: Partition,
    /// Weight of a trial in the loss.
    pub trial_weight: T,
    /// Logarithm of the minimum variance.
    pub ln_var_min: T,
}

//! Sizes, weights and state of a network.

use super::leaky_tanh::apply_tanh;
use super::matrix::{Dense, Matrix};
use super::vector::padded_len;
use crate::ops::Lanes;

/// Sizes of a network: n units, i inputs, m outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub units: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// Weights of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<T> {
    /// wI [n, i]
    pub input: Dense<T>,
    /// wR [n, n]
    pub recurrent: Matrix<T>,
    /// wF [n, m]
    pub feedback: Dense<T>,
    /// wO [m, n]
    pub output: Dense<T>,
}

/// State of a network: pre-activations a [n] and the output z [m] of the previous time step.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    pub a: Vec<T>,
    pub z: Vec<T>,
}

/// Sets the output z to the one of the current pre-activations a.
pub fn update_output<T: Lanes>(weights: &Weights<T>, state: &mut State<T>) {
    let mut h = vec![T::of(0.0); padded_len(state.a.len())];
    apply_tanh(&mut state.a, &mut h);
    state.z.fill(T::of(0.0));
    weights.output.add_product(0, &h, &mut state.z);
}

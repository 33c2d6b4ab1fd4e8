//! The interface that a cell implements: the kernels that advance, differentiate and linearize
//! the units of one layer by one time step. Time steps, layers, readout and threads are the same
//! for every cell; `layers/` contains them.
//!
//! A layer stores two frames of lanes per time step. Frame t of the states is
//!
//! ```text
//! [y_t (n), 1, x_t (i), data of the cell (extra)]
//! ```
//!
//! where y_t is the layer output: the part of the state that the recurrent matrices, the layer
//! above and the readout read. Step t computes frame t + 1 from frame t. Frame t of the gates is
//!
//! ```text
//! [gradients with respect to the network outputs that read y_t (outputs), gates of step t (gates)]
//! ```
//!
//! The forward pass stores in the gates what the backward pass needs; the backward pass replaces
//! it by the gradients with respect to the pre-activations. One product with the first
//! `outputs + recurrent` lanes of this frame yields the gradient that reaches y_t through
//! matrices.

use std::ops::Range;

use pulp::Simd;

use super::cells::CellDescriptor;
use crate::ops::simd::elementwise;
use crate::ops::simd::gemm::{Block, GemmConfig, Panels, gemm_add};
use crate::ops::simd::{Lane16, Lanes};

/// Sizes of one sublayer (one layer in one direction): element counts for parameters; multiplied
/// by the number of trial groups of a slice (see [`LayerDims::with_groups`]) for lanes.
#[derive(Debug, Clone, Copy)]
pub struct LayerDims {
    /// n
    pub units: usize,
    /// Number of trial groups: 1 for parameters.
    pub groups: usize,
    /// i
    pub inputs: usize,
    /// Number of network outputs that read this layer.
    pub outputs: usize,
}

impl LayerDims {
    /// Number of lanes of [y, 1, x], the leading part of a state frame.
    pub fn operands(self) -> usize {
        self.units + self.groups + self.inputs
    }

    /// The sizes in lanes for this number of trial groups.
    pub fn with_groups(self, groups: usize) -> LayerDims {
        LayerDims {
            units: self.units * groups,
            groups: self.groups * groups,
            inputs: self.inputs * groups,
            outputs: self.outputs * groups,
        }
    }
}

/// Sizes and offsets, in lanes, of the data that a cell stores in its frames.
#[derive(Debug, Clone, Copy)]
pub struct FrameSpec {
    /// Lanes of the state frame after [y, 1, x].
    pub extra: usize,
    /// Lanes of the gate frame after `outputs`.
    pub gates: usize,
    /// Number of leading gates whose gradients reach y through matrices.
    pub recurrent: usize,
    /// Offsets of the state parts in the state frame, n lanes each. Noise is added to the first.
    pub state_offsets: [usize; 2],
}

/// The parameters of one sublayer, to be packed.
pub struct Weights<'a, T> {
    pub dims: LayerDims,
    /// Parameters after the initial states, in the order of [`CellDescriptor::blocks`].
    pub params: &'a [T],
    /// The readout weights of this layer, transposed, [n, outputs].
    pub readout: Block<'a, T>,
    /// Whether the backward pass is required.
    pub backward: bool,
    pub config: GemmConfig,
}

/// One matrix product, summed over time steps and trials, that contributes to the gradient of the
/// parameters: `gates` (offset after `outputs`) times `states` (offset from the frame start).
#[derive(Debug, Clone)]
pub struct GradientProduct {
    pub gates: Range<usize>,
    pub states: Range<usize>,
}

/// Arguments of one forward step.
pub struct Forward<'a, T> {
    pub dims: LayerDims,
    pub before: &'a mut [Lane16<T>],
    pub after: &'a mut [Lane16<T>],
    pub gates: &'a mut [Lane16<T>],
}

/// Arguments of one backward step.
pub struct Backward<'a, T> {
    pub dims: LayerDims,
    pub before: &'a [Lane16<T>],
    pub after: &'a [Lane16<T>],
    pub gates: &'a mut [Lane16<T>],
    /// In: the gradient with respect to the state after the step, part after part. Out: the
    /// gradient with respect to the state before it, except for the contribution of the
    /// `recurrent` gates.
    pub d_state: &'a mut [Lane16<T>],
    /// Scratch buffer of n lanes.
    pub scratch: &'a mut [Lane16<T>],
}

/// Arguments of the backward pass through the layer output y of one frame.
pub struct OutputBackward<'a, T> {
    pub dims: LayerDims,
    /// The state frame.
    pub frame: &'a [Lane16<T>],
    /// Gradients with respect to the `outputs` and the `recurrent` gates; missing trailing lanes
    /// count as zero.
    pub cotangents: &'a [Lane16<T>],
    /// Gradient from the layer above, n lanes or none.
    pub from_above: &'a [Lane16<T>],
    /// Gradient with respect to the state, part after part; the result is added to it.
    pub d_state: &'a mut [Lane16<T>],
    /// Scratch buffer of n lanes.
    pub scratch: &'a mut [Lane16<T>],
}

/// The direction of a directional derivative of a step.
#[derive(Clone, Copy)]
pub enum Tangent<'a, T> {
    /// One element of the state, [part][unit].
    State(usize),
    /// One element of the input.
    Input(usize),
    /// Any direction of the input, i lanes, with a constant state.
    Inputs(&'a [Lane16<T>]),
}

/// An evaluated forward step, to be linearized.
pub struct EvaluatedStep<'a, T> {
    pub dims: LayerDims,
    pub before: &'a [Lane16<T>],
    pub after: &'a [Lane16<T>],
    pub gates: &'a [Lane16<T>],
    /// Scratch buffer with as many lanes as gates.
    pub scratch: &'a mut [Lane16<T>],
}

/// The packed matrices through which a gradient reaches y and the input; empty without a backward
/// pass.
#[derive(Default)]
pub struct BackwardPanels<T> {
    /// [wO' wR'], multiplies the gradients with respect to [outputs, recurrent gates].
    pub output: Panels<T>,
    /// wI', multiplies the gradients with respect to the pre-activations.
    pub input: Panels<T>,
}

/// The kernels of a cell: its state update, gradient and directional derivatives.
///
/// The default methods are those of a cell with the pre-activations wI x + wR y + bR for all gates,
/// the parameters wI, wR and bR after the initial states, and y as its only state part. Such a cell
/// implements `pack`, `forward`, `backward` and `tangent` only.
pub trait CellKernel<T: Lanes>: CellDescriptor {
    /// The parameters in the order in which the kernels read them.
    type Packed: AsRef<BackwardPanels<T>> + Default + Send + Sync;

    /// Total number of elements of [`CellDescriptor::blocks`]. Called in every training step, so it
    /// must not allocate.
    fn num_params(inputs: usize, units: usize) -> usize {
        Self::GATES * units * (inputs + units + 1) + Self::STATE_PARTS * units
    }

    fn frame_spec(dims: LayerDims) -> FrameSpec {
        FrameSpec {
            extra: 0,
            gates: Self::GATES * dims.units,
            recurrent: Self::GATES * dims.units,
            state_offsets: [0; 2],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Self::Packed);

    /// Computes y (and other data that depends on the state alone) from the state parts of a
    /// frame.
    fn output<S: Simd>(&self, _simd: S, _dims: LayerDims, _frame: &mut [Lane16<T>]) {}

    /// Computes the state after a step from the state before it, without noise.
    fn forward<S: Simd>(&self, simd: S, packed: &Self::Packed, step: Forward<'_, T>);

    /// Adds the gradient that reaches a state through the readers of its output y.
    fn output_backward<S: Simd>(
        &self,
        simd: S,
        packed: &Self::Packed,
        step: OutputBackward<'_, T>,
    ) {
        let d_y = &mut step.d_state[..step.dims.units];
        gemm_add(simd, &packed.as_ref().output, step.cotangents, d_y);
        elementwise::add(simd, d_y, step.from_above);
    }

    /// Replaces the gates of a step by the gradients with respect to its pre-activations.
    fn backward<S: Simd>(&self, simd: S, packed: &Self::Packed, step: Backward<'_, T>);

    /// The k-th product that contributes to the gradient; `None` after the last.
    fn gradient_product(dims: LayerDims, k: usize) -> Option<GradientProduct> {
        (k == 0).then_some(GradientProduct {
            gates: 0..Self::GATES * dims.units,
            states: 0..dims.units + 1 + dims.inputs,
        })
    }

    /// Adds one row of the k-th product to the gradients of the parameters after the initial
    /// states.
    fn add_gradient(dims: LayerDims, _k: usize, row: usize, sums: &[T], into: &mut [T]) {
        let (n, i) = (dims.units, dims.inputs);
        let rows = Self::GATES * n;
        let (w_in, rest) = into.split_at_mut(rows * i);
        let (w_rec, bias) = rest.split_at_mut(rows * n);
        add(&mut w_in[row * i..][..i], &sums[n + 1..]);
        add(&mut w_rec[row * n..][..n], &sums[..n]);
        bias[row] += sums[n];
    }

    /// Adds the gradient with respect to the input of a step, i lanes, computed from the gradients
    /// with respect to its pre-activations.
    fn input_backward<S: Simd>(
        &self,
        simd: S,
        packed: &Self::Packed,
        gates: &[Lane16<T>],
        into: &mut [Lane16<T>],
    ) {
        gemm_add(simd, &packed.as_ref().input, gates, into);
    }

    /// Directional derivative of the state after the step, part after part. The gates are those
    /// that [`CellKernel::forward`] stored.
    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Self::Packed,
        step: EvaluatedStep<'_, T>,
        direction: Tangent<'_, T>,
        into: &mut [Lane16<T>],
    );

    /// Directional derivative of y, n lanes; replaces the derivative of the first state part.
    fn output_tangent<S: Simd>(
        &self,
        _simd: S,
        _dims: LayerDims,
        _frame: &[Lane16<T>],
        _tangent: &mut [Lane16<T>],
    ) {
    }
}

/// Adds the leading elements of `from` to all of `into`.
pub fn add<T: Lanes>(into: &mut [T], from: &[T]) {
    for (x, y) in into.iter_mut().zip(from) {
        *x += *y;
    }
}

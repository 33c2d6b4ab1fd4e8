//! The interface of the operation, independent of the cell.

use crate::base::Result;
use crate::ops::rnn::args::{Cotangents, Gradients, Inputs, Sizes};
use crate::ops::rnn::targets::Targets;

/// The operations of recurrent layers, independent of the cell.
pub trait Operation<T> {
    /// Number of elements of the buffers of a forward pass, or of a forward and a backward pass if
    /// `backward`; saturates. Trials are padded to whole lanes, so a pass over few trials needs
    /// much more than its results.
    fn buffer_elements(&self, sizes: Sizes, backward: bool) -> usize;

    /// Runs all trials; fills `states` [b, t, s] (after each update, including noise) and `outputs`
    /// [b, t, o] if they are present.
    ///
    /// Errors: `Shape` if the length of an array does not match `sizes`; `Range` if batch, time,
    /// units or layers are 0.
    fn run(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()>;

    /// One step of a batch of states: `into` = the next states for h [b, s] and x [b, i].
    ///
    /// Errors: as [`Operation::run`]; `Range` if the layers are bidirectional.
    fn step(&mut self, sizes: Sizes, params: &[T], h: &[T], x: &[T], into: &mut [T]) -> Result<()>;

    /// The analytic Jacobians of a step for a batch of states, evaluated `at` h and x:
    /// `by_state` [b, s, s] contains d next\[r\] / d h\[c\] at \[b\]\[r\]\[c\], `by_input`
    /// [b, s, i] the same for x.
    ///
    /// Errors: as [`Operation::step`].
    fn jacobians(
        &mut self,
        sizes: Sizes,
        params: &[T],
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()>;

    /// The mean squared error over batch, time steps (weighted by the mask) and outputs.
    ///
    /// Errors: as [`Operation::run`]; `Range` if the mask contains only zeros or there are no
    /// outputs.
    fn loss(&mut self, sizes: Sizes, inputs: Inputs<'_, [T]>, targets: Targets<'_, T>)
    -> Result<T>;

    /// [`Operation::loss`]; overwrites `gradient` with its gradient with respect to the parameters,
    /// in the order of the layout.
    ///
    /// Errors: as [`Operation::loss`].
    fn loss_gradient(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        targets: Targets<'_, T>,
        gradient: &mut [T],
    ) -> Result<T>;

    /// The gradients of any loss, computed from its gradients with respect to states and outputs.
    /// Repeats the forward pass, so that callers need not store intermediate values.
    ///
    /// Errors: as [`Operation::run`].
    fn backward(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        cotangents: Cotangents<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()>;
}

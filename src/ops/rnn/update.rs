//! What a cell must give so that layers of it can be run, trained and linearised: the loops over
//! the units of one layer at one time. All else (time, layers, readout, threads) is the same for
//! every cell and lies beside this file.
//!
//! A layer keeps two sets of cells for each time, in frames. Frame t of the states is
//!
//! ```text
//! [y_t (n), 1, x_t (i), the update's own (extra)]
//! ```
//!
//! with y_t what is read of the state: by the same layer's matrices, the layer above and the
//! readout. Step t leads from frame t to frame t + 1. Frame t of the gates is
//!
//! ```text
//! [d loss / d outputs that read y_t (above), the update's own of step t (gates)]
//! ```
//!
//! where a step leaves on the way forward what it needs on the way back, and on the way back the
//! derivatives by its sums. One product with the first `above + back` of them gives what comes
//! back to y_t through matrices.

use std::ops::Range;

use pulp::Simd;

use crate::ops::simd::product::{Block, Form};
use crate::ops::simd::{Cell, Lanes};

/// The sizes of one layer in one direction: as they are where parameters are meant; all times the
/// groups of a slice (see [`Strand::times`]) where cells are meant.
#[derive(Debug, Clone, Copy)]
pub struct Strand {
    /// n
    pub units: usize,
    /// 1
    pub one: usize,
    /// i
    pub inputs: usize,
    /// Outputs that read this layer.
    pub above: usize,
}

impl Strand {
    /// The cells that so many groups of trials have.
    pub fn times(self, groups: usize) -> Strand {
        Strand {
            units: self.units * groups,
            one: self.one * groups,
            inputs: self.inputs * groups,
            above: self.above * groups,
        }
    }
}

/// How many cells a frame has for the update's own, and where.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Cells of the states' frame behind [y, 1, x].
    pub extra: usize,
    /// Cells of the gates' frame behind `above`.
    pub gates: usize,
    /// Of the gates, those from the first that matrices carry back to y.
    pub back: usize,
    /// Where the state's parts begin in the states' frame, each n cells. Noise goes to the first.
    pub states: [usize; 2],
}

/// The parameters of one layer, to be packed.
pub struct Weights<'a, T> {
    pub strand: Strand,
    /// Behind the first states, in the order of [`Update::blocks`].
    pub params: &'a [T],
    /// The readout's weights on this layer, transposed, [n, above].
    pub above: Block<'a, T>,
    /// Whether the way back is asked for.
    pub backward: bool,
    pub form: Form,
}

/// One of the sums over all times and trials that make the gradient: of `gates` (counted behind
/// `above`) times `states` (counted from the start of the frame).
#[derive(Debug, Clone)]
pub struct Product {
    pub gates: Range<usize>,
    pub states: Range<usize>,
}

/// One step forward.
pub struct Forward<'a, T> {
    pub strand: Strand,
    pub before: &'a mut [Cell<T>],
    pub after: &'a mut [Cell<T>],
    pub gates: &'a mut [Cell<T>],
}

/// One step back.
pub struct Backward<'a, T> {
    pub strand: Strand,
    pub before: &'a [Cell<T>],
    pub after: &'a [Cell<T>],
    pub gates: &'a mut [Cell<T>],
    /// The derivatives by the state after the step, part after part; to be replaced by those by
    /// the state before it, as far as they do not go through the `back` gates.
    pub carried: &'a mut [Cell<T>],
    /// n cells for what passes.
    pub passing: &'a mut [Cell<T>],
}

/// What comes back to a state through what reads it.
pub struct Reading<'a, T> {
    pub strand: Strand,
    /// The frame of the state.
    pub frame: &'a [Cell<T>],
    /// Derivatives by `above` outputs and `back` gates; where it is shorter, the rest is zero.
    pub from: &'a [Cell<T>],
    /// What comes from a layer above, n cells or none.
    pub layer_above: &'a [Cell<T>],
    /// To be added to, part after part.
    pub carried: &'a mut [Cell<T>],
    /// n cells for what passes.
    pub passing: &'a mut [Cell<T>],
}

/// The direction in which a step is differentiated.
#[derive(Clone, Copy)]
pub enum Tangent<'a, T> {
    /// Along one number of the state, [part][unit].
    State(usize),
    /// Along one number of the input.
    Input(usize),
    /// Along any change of the input, i cells, the state standing still.
    Inputs(&'a [Cell<T>]),
}

/// A step forward that was made, to be differentiated.
pub struct Made<'a, T> {
    pub strand: Strand,
    pub before: &'a [Cell<T>],
    pub after: &'a [Cell<T>],
    pub gates: &'a [Cell<T>],
    /// As many cells as gates, for what passes.
    pub passing: &'a mut [Cell<T>],
}

/// The update of a state, with its gradient.
pub trait Update<T: Lanes>: Clone + Copy + Default + Send + Sync + 'static {
    /// The parameters in the order in which the loops read them.
    type Packed: Default + Send + Sync;
    /// The words for the kind of cell.
    const WORD: &'static str;
    /// Parts of a state, n numbers each.
    const PARTS: usize;

    /// Names and shapes of the parameters of a layer; the first [`Update::PARTS`] are the first
    /// states, [n] each.
    fn blocks(inputs: usize, units: usize) -> Vec<(&'static str, Vec<usize>)>;

    /// How many numbers [`Update::blocks`] hold. It is asked in every step, where nothing may be
    /// allocated.
    fn count(inputs: usize, units: usize) -> usize;

    fn frame(strand: Strand) -> Frame;

    fn pack(&self, weights: &Weights<'_, T>, into: &mut Self::Packed);

    /// Brings y (and what else a frame holds of a state) into place, the state's parts being there.
    fn read<S: Simd>(&self, _simd: S, _strand: Strand, _frame: &mut [Cell<T>]) {}

    /// The state after from the state before, without noise.
    fn forward<S: Simd>(&self, simd: S, packed: &Self::Packed, step: Forward<'_, T>);

    /// Adds what comes back to a state through what reads it.
    fn collect<S: Simd>(&self, simd: S, packed: &Self::Packed, reading: Reading<'_, T>);

    /// The derivatives by the step's sums, in place of its gates.
    fn backward<S: Simd>(&self, simd: S, packed: &Self::Packed, step: Backward<'_, T>);

    /// The k-th product that the gradient is made of, none behind the last.
    fn product(strand: Strand, k: usize) -> Option<Product>;

    /// Adds one row of the sums of the k-th product to the gradients of the parameters behind the
    /// first states.
    fn add_gradient(strand: Strand, k: usize, row: usize, sums: &[T], into: &mut [T]);

    /// Adds the derivatives by the input of a step, i cells, given those by its sums.
    fn inputs<S: Simd>(
        &self,
        simd: S,
        packed: &Self::Packed,
        gates: &[Cell<T>],
        into: &mut [Cell<T>],
    );

    /// How the state after the step changes, part after part. The gates are those that
    /// [`Update::forward`] left.
    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &Self::Packed,
        made: Made<'_, T>,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    );

    /// How y changes with the state, n cells in place of the change of the state's first part.
    fn read_tangent<S: Simd>(
        &self,
        _simd: S,
        _strand: Strand,
        _frame: &[Cell<T>],
        _change: &mut [Cell<T>],
    ) {
    }
}

/// Adds the first of `from` to all of `into`.
pub fn add<T: Lanes>(into: &mut [T], from: &[T]) {
    for (x, y) in into.iter_mut().zip(from) {
        *x += *y;
    }
}

//! Arguments of the recurrent-layer operations, the same for every cell.

/// Sizes of one call: b, t, i, n, o, and the arrangement of the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub time: usize,
    pub inputs: usize,
    /// n, of one layer in one direction.
    pub units: usize,
    pub outputs: usize,
    /// Number of stacked layers.
    pub layers: usize,
    /// 2 for bidirectional layers, otherwise 1.
    pub directions: usize,
}

impl Sizes {
    /// Number of sublayers, layers times directions. A sublayer is one layer in one direction;
    /// sublayer `layer * directions + direction` has parameters and states of its own.
    pub fn sublayers(self) -> usize {
        self.layers * self.directions
    }

    /// Number of input features of a layer at each time step.
    pub fn features(self, layer: usize) -> usize {
        if layer == 0 {
            self.inputs
        } else {
            self.layer_width()
        }
    }

    /// Number of features of a layer that the layer above, or the readout, reads.
    pub fn layer_width(self) -> usize {
        self.directions * self.units
    }

    /// Number of units in all sublayers.
    pub fn total_units(self) -> usize {
        self.sublayers() * self.units
    }

    /// Number of features between layers, to which dropout applies.
    pub fn dropout_width(self) -> usize {
        (self.layers - 1) * self.layer_width()
    }
}

/// Inputs of a run. `A` is the type of the arrays: slices, or tensors if autograd records the run.
#[derive(Debug)]
pub struct Inputs<'a, A: ?Sized> {
    /// Parameters in the order of the layout.
    pub params: &'a A,
    /// [b, t, i]
    pub inputs: &'a A,
    /// Initial state of each trial, [b, s], instead of the learned one.
    pub h0: Option<&'a A>,
    /// Noise that is added to each state after its update, [b, t, layers d n].
    pub noise: Option<&'a A>,
    /// Factor for each feature between a layer and the one above,
    /// [b, t, (layers - 1) directions n].
    pub dropout: Option<&'a A>,
    /// Number of time steps of each trial, [b], each from 1 to t; t for all trials if absent. After
    /// its last time step a trial keeps its state, without noise; the backward direction starts at
    /// the last time step of the trial.
    pub lengths: Option<&'a [usize]>,
}

impl<'a, A: ?Sized> Inputs<'a, A> {
    /// A run from the learned initial states, without noise and dropout, in which all trials have
    /// the same length.
    pub fn new(params: &'a A, inputs: &'a A) -> Inputs<'a, A> {
        Inputs {
            params,
            inputs,
            h0: None,
            noise: None,
            dropout: None,
            lengths: None,
        }
    }
}

// Derived implementations would require them of `A`.
impl<A: ?Sized> Clone for Inputs<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: ?Sized> Copy for Inputs<'_, A> {}

/// Gradients of a loss with respect to the results of a run; an absent array means zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cotangents<'a, T> {
    /// [b, t, s]
    pub states: Option<&'a [T]>,
    /// [b, t, o]
    pub outputs: Option<&'a [T]>,
}

/// Gradients of a loss with respect to the inputs of a run; each requested array is overwritten.
#[derive(Debug, Default)]
pub struct Gradients<'a, T> {
    /// In the order of the layout; blocks of initial states are zero if h0 was passed for each
    /// trial.
    pub params: Option<&'a mut [T]>,
    /// [b, t, i]
    pub inputs: Option<&'a mut [T]>,
    /// With respect to the initial state of each trial, learned or passed, [b, s].
    pub h0: Option<&'a mut [T]>,
}

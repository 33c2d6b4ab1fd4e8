//! What recurrent layers are called with, whichever cell they are of.

/// The sizes of one call: b, t, i, n, o, and how the layers are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub time: usize,
    pub inputs: usize,
    /// n, of one layer in one direction.
    pub units: usize,
    pub outputs: usize,
    /// Layers, each fed by the one below.
    pub layers: usize,
    /// 2 if each layer runs from both ends of time, else 1.
    pub directions: usize,
}

impl Sizes {
    /// Layers times directions: how many sequences of states there are. A layer in one direction
    /// is called a strand; strand `layer * directions + direction` has parameters and states of
    /// its own.
    pub fn strands(self) -> usize {
        self.layers * self.directions
    }

    /// Numbers that come in to a layer at each time.
    pub fn features(self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.read() }
    }

    /// Numbers of a layer that the layer above, or the readout, reads.
    pub fn read(self) -> usize {
        self.directions * self.units
    }

    /// Units of all strands.
    pub fn hidden(self) -> usize {
        self.strands() * self.units
    }

    /// Numbers between the layers, where dropout may act.
    pub fn between(self) -> usize {
        (self.layers - 1) * self.read()
    }
}

/// What goes into a run.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a, T> {
    /// In the order of the layout.
    pub params: &'a [T],
    /// [b, t, i]
    pub inputs: &'a [T],
    /// The first state of each trial, [b, s], in place of the learned one.
    pub h0: Option<&'a [T]>,
    /// What is added to each state after its update, [b, t, strands n].
    pub noise: Option<&'a [T]>,
    /// What each number that goes from a layer to the one above is multiplied by, [b, t, (layers -
    /// 1) directions n].
    pub dropout: Option<&'a [T]>,
    /// Times of each trial, [b], each from 1 to t; all last t without it. From its end on the
    /// states of a trial stand still, noise or not: those of the way back begin there.
    pub lengths: Option<&'a [usize]>,
}

/// What the outputs should be.
#[derive(Debug, Clone, Copy)]
pub struct Aim<'a, T> {
    /// [b, t, o]
    pub targets: &'a [T],
    /// The weight of each trial and time, [b, t]; targets where it is 0 are not read.
    pub mask: Option<&'a [T]>,
}

/// The derivatives of a loss by what a run gives; absent means zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arriving<'a, T> {
    /// [b, t, s]
    pub states: Option<&'a [T]>,
    /// [b, t, o]
    pub outputs: Option<&'a [T]>,
}

/// The derivatives of a loss by what goes into a run, each overwritten where it is asked for.
#[derive(Debug, Default)]
pub struct Gradients<'a, T> {
    /// In the order of the layout; blocks of first states are zero if h0 was given for each trial.
    pub params: Option<&'a mut [T]>,
    /// [b, t, i]
    pub inputs: Option<&'a mut [T]>,
    /// By the first state of each trial, learned or given, [b, s].
    pub h0: Option<&'a mut [T]>,
}

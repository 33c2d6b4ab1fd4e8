//! What a recurrent layer is called with, whichever cell it is of.

/// The sizes of one call: b, t, i, n, o.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub time: usize,
    pub inputs: usize,
    pub units: usize,
    pub outputs: usize,
}

/// What goes into a run.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a, T> {
    /// In the order of the cell's layout.
    pub params: &'a [T],
    /// [b, t, i]
    pub inputs: &'a [T],
    /// The first state of each trial, [b, n], in place of the learned one.
    pub h0: Option<&'a [T]>,
    /// What is added to each state after its update, [b, t, n].
    pub noise: Option<&'a [T]>,
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
    /// [b, t, n]
    pub states: Option<&'a [T]>,
    /// [b, t, o]
    pub outputs: Option<&'a [T]>,
}

/// The derivatives of a loss by what goes into a run, each overwritten where it is asked for.
#[derive(Debug, Default)]
pub struct Gradients<'a, T> {
    /// In the order of the cell's layout; its block h0 is zero if h0 was given for each trial.
    pub params: Option<&'a mut [T]>,
    /// [b, t, i]
    pub inputs: Option<&'a mut [T]>,
    /// By the first state of each trial, learned or given, [b, n].
    pub h0: Option<&'a mut [T]>,
}

//! The cells: how a state follows from the one before. What a network needs to know of its cell
//! is asked here, and nowhere else is one told from another.

use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::vanilla;
use crate::ops::rnn::{Aim, Given, Nonlinearity, Sizes};
use crate::tensor::{Layout, Tensor};

/// How a state follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// h' = f(wI x + wR h + bR)
    Vanilla(Nonlinearity),
}

impl Cell {
    /// The word for the kind of cell.
    pub fn word(&self) -> &'static str {
        match self {
            Cell::Vanilla(_) => "vanilla",
        }
    }

    /// What each unit makes of its sum.
    pub fn nonlinearity(&self) -> Nonlinearity {
        match self {
            Cell::Vanilla(nonlinearity) => *nonlinearity,
        }
    }

    /// One step and the readout, in words that a file can keep.
    pub fn equation(&self) -> &'static str {
        match self {
            Cell::Vanilla(_) => "h_t = f(wI x_t + wR h_(t-1) + bR), o_t = wO h_t + bO",
        }
    }

    /// The blocks of the parameters; `sizes` are inputs, units, outputs.
    pub(super) fn layout(&self, [inputs, units, outputs]: [usize; 3]) -> Layout {
        match self {
            Cell::Vanilla(_) => vanilla::layout(inputs, units, outputs),
        }
    }

    /// The states of all trials at all times, on the tape of candle's autograd.
    ///
    /// Shapes: inputs [b, t, i], params [P] in the order of the layout, h0 [b, n],
    /// noise [b, t, n] -> [b, t, n]
    pub(super) fn states(
        &self,
        inputs: &Tensor,
        params: &Tensor,
        h0: &Tensor,
        noise: Option<&Tensor>,
    ) -> Result<Tensor> {
        match self {
            Cell::Vanilla(f) => vanilla::states(*f, inputs, params, h0, noise),
        }
    }
}

/// The fused operation of a cell, with its buffers.
#[derive(Debug)]
pub(super) enum Kernel<T> {
    Vanilla(vanilla::Vanilla<T>),
}

impl<T: Lanes> Kernel<T> {
    pub fn new(cell: Cell) -> Kernel<T> {
        match cell {
            Cell::Vanilla(nonlinearity) => Kernel::Vanilla(vanilla::Vanilla::new(nonlinearity)),
        }
    }

    pub fn run(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        match self {
            Kernel::Vanilla(kernel) => kernel.run(sizes, given, states, outputs),
        }
    }

    pub fn step(
        &mut self,
        sizes: Sizes,
        params: &[T],
        h: &[T],
        x: &[T],
        into: &mut [T],
    ) -> Result<()> {
        match self {
            Kernel::Vanilla(kernel) => kernel.step(sizes, params, h, x, into),
        }
    }

    pub fn loss(&mut self, sizes: Sizes, given: Given<'_, T>, aim: Aim<'_, T>) -> Result<T> {
        match self {
            Kernel::Vanilla(kernel) => kernel.loss(sizes, given, aim),
        }
    }

    pub fn loss_gradient(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        aim: Aim<'_, T>,
        gradient: &mut [T],
    ) -> Result<T> {
        match self {
            Kernel::Vanilla(kernel) => kernel.loss_gradient(sizes, given, aim, gradient),
        }
    }
}
